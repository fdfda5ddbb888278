"""The OpenAPI document as the page /docs shows it. Knows JSON schemas; no HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from postcast.web.schemas import EXAMPLE_FORECAST, EXAMPLE_POST

ASKED = ("get", "post")


def told_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return operations and models, in the document's order."""
    schemas = document["components"]["schemas"]
    return {
        "about": document["info"]["description"],
        "needs_token": "security" in document,
        "operations": [
            _operation(path, method, told)
            for path, methods in document["paths"].items()
            for method, told in methods.items()
            if method in ASKED
        ],
        "models": [
            {
                "name": name,
                "about": schema.get("description", ""),
                "fields": _fields(schema),
            }
            for name, schema in sorted(schemas.items())
            if schema.get("properties")
        ],
        "example": _pretty(EXAMPLE_POST),
        "answer": _pretty(EXAMPLE_FORECAST),
    }


def _operation(path: str, method: str, told: Mapping[str, Any]) -> dict[str, Any]:
    body = told.get("requestBody", {}).get("content", {})
    found = told["responses"]["200"].get("content", {})
    return {
        "path": path,
        "method": method.upper(),
        "id": f"{method}-{path.strip('/')}",
        "about": " ".join(told.get("description", "").split()),
        "body": [f"{kind}: {kind_of(one['schema'])}" for kind, one in body.items()],
        "answer": [f"{kind}: {kind_of(one['schema'])}" for kind, one in found.items()],
        "problems": [
            (status, one["description"])
            for status, one in told["responses"].items()
            if status != "200"
        ],
    }


def _fields(schema: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (name, kind_of(told), told.get("description", ""))
        for name, told in schema["properties"].items()
    ]


def kind_of(schema: Mapping[str, Any]) -> str:
    """Return what a schema allows, in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(kind_of(one) for one in schema[several]))
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    bound = schema.get("maxLength")
    told = str(schema.get("format", kind))
    return f"{told}, at most {bound:,} characters" if bound else told


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2)
