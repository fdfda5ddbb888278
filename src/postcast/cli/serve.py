"""``postcast serve``: a forecaster on a page and over HTTP."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated, Any

import typer

from postcast.cli.messages import show_at_once
from postcast.cli.options import Run, takes_settings
from postcast.cli.terminal import say_line
from postcast.errors import MissingExtraError

NEEDED = ("fastapi", "uvicorn", "httptools", "python_multipart", "PIL")


@takes_settings(names=("device",))
def serve(
    run: Run,
    *,
    host: Annotated[
        str,
        typer.Option(
            metavar="HOST",
            help="Where to listen; beyond this machine only with a token. \\[default: 127.0.0.1]",
            show_default=False,
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            min=0,
            max=65_535,
            help="0 takes a free one, and says which. \\[default: 8000]",
            show_default=False,
        ),
    ] = 8000,
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file",
            metavar="FILE",
            help="Holds the token that every request must show.",
            show_default=False,
        ),
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--name",
            metavar="NAME",
            help="A name that leads here, as in a reverse proxy; give it again for several.",
            show_default=False,
        ),
    ] = None,
    given: dict[str, Any],
) -> None:
    """Serve a forecaster: a page for people at /, and an HTTP API described at /docs.

    Listens on this machine alone unless --host and --token-file say otherwise. Ctrl-C or SIGTERM
    end it once what it took is answered. SIGHUP makes it take up the run that then stands there.

    Examples
    --------
      postcast serve RUN

      postcast serve RUN --port 0 --token-file token.txt
    """
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        raise MissingExtraError("postcast serve", "web")
    from postcast.settings import Settings
    from postcast.web.app import LOCAL, make_app
    from postcast.web.lifetime import lifetime
    from postcast.web.service import Service
    from postcast.web.serving import address_of, listen, read_token, serve_app

    token = None if token_file is None else read_token(token_file)
    device = Settings.from_mapping(given).device
    with lifetime(), listen(host, port, token) as listening:
        service = Service.of_run(run, device)
        app = make_app(service, (*LOCAL, host, *(names or ())), token)
        address = address_of(listening)

        def ready() -> None:
            show_at_once()
            say_line(f"Serving {run}: {address}")

        serve_app(app, [listening], service.limits, ready, service.renew)
