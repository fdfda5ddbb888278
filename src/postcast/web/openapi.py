"""The OpenAPI document: what FastAPI finds, and the bodies that are read by hand.

Knows schemas; no forecaster and no request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from postcast.version import __version__
from postcast.web.limits import POSTS
from postcast.web.problems import MEANINGS, MEDIA_TYPE
from postcast.web.schemas import EXAMPLE_POST, PostIn, ProblemOut, WhatIfIn

if TYPE_CHECKING:
    from fastapi import FastAPI
    from pydantic import BaseModel

REF = "#/components/schemas/{model}"

ABOUT = (
    "Forecasts how popular a post will be before it is published. Numbers are those of "
    "`postcast predict`. Errors are problem+json and repeat nothing of the request."
)


def problems(*more: int) -> dict[int | str, dict[str, Any]]:
    """Return the problems that any address may answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": REF.format(model="Problem")}}}
    return {
        status: {"description": MEANINGS[status], "content": content}
        for status in sorted({*MEANINGS, *more} - {404})
    }


def body(model: str, form: str | None = None) -> dict[str, Any]:
    """Return what an operation reads: JSON, and maybe a form with an image."""
    content: dict[str, Any] = {"application/json": {"schema": {"$ref": REF.format(model=model)}}}
    if form is not None:
        content["multipart/form-data"] = {"schema": {"$ref": REF.format(model=form)}}
    return {"requestBody": {"required": True, "content": content}}


def document(app: FastAPI, *, has_token: bool) -> dict[str, Any]:
    """Return the document.

    Parameters
    ----------
    app : FastAPI
    has_token : bool
        Whether questions need one.
    """
    made = get_openapi(title="postcast", version=__version__, routes=app.routes, description=ABOUT)
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for model in (PostIn, WhatIfIn, ProblemOut):
        _add(schemas, model)
    one = {"$ref": REF.format(model="Post")}
    many = {"type": "array", "items": one, "minItems": 1, "maxItems": POSTS}
    schemas["Posts"] = {"title": "Posts", **many}
    both = [one, {"$ref": REF.format(model="Posts")}]
    schemas["PostOrPosts"] = {"title": "PostOrPosts", "oneOf": both, "examples": [EXAMPLE_POST]}
    schemas["PostForm"] = _form(schemas["Post"])
    schemas["WhatIfForm"] = _form(schemas["WhatIfRequest"])
    if has_token:
        made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"token": []}]
    return _renamed(made)


def _renamed(made: dict[str, Any]) -> dict[str, Any]:
    """Call answers by what they are: ``Forecast``, not ``ForecastOut``."""
    schemas = made["components"]["schemas"]
    names = {name: name.removesuffix("Out") for name in schemas}
    made["components"]["schemas"] = {names[name]: one for name, one in schemas.items()}
    text = json.dumps(made)
    for name, shorter in names.items():
        text = text.replace(f'"{REF.format(model=name)}"', f'"{REF.format(model=shorter)}"')
    renamed: dict[str, Any] = json.loads(text)
    return renamed


def _add(schemas: dict[str, Any], model: type[BaseModel]) -> None:
    told = model.model_json_schema(ref_template=REF)
    schemas |= told.pop("$defs", {})
    schemas[told["title"]] = told


def _form(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same fields as a form's: tags in one line, and a file."""
    image = {"type": "string", "format": "binary", "description": "PNG, JPEG, WebP, GIF or BMP."}
    fields = {k: _plain(v) for k, v in model["properties"].items() if k != "alternatives"}
    fields["tags"] = {"type": "string", "maxLength": 2_000, "description": "Between commas."}
    return {
        "type": "object",
        "title": model["title"] + "Form",
        "additionalProperties": False,
        "properties": {**fields, "image": image},
    }


def _plain(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return a field that may be null as one that may be left out."""
    choices = [one for one in told.get("anyOf", ()) if one.get("type") != "null"]
    kept = {k: v for k, v in told.items() if k not in ("anyOf", "default")}
    return {**kept, **(choices[0] if choices else {})}
