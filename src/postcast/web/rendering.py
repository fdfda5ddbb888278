"""Templates → HTML, everything escaped that stands in it. Knows no forecaster."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse

from postcast.wording import counted, number_in_words

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("postcast.web"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number_in_words, "counted": counted}
    return environment


def html(template: str, status: int = 200, **told: Any) -> HTMLResponse:
    """Return a page, or a part of one."""
    return HTMLResponse(_environment().get_template(template).render(**told), status)
