"""A forecaster of the synthetic sample, answered in this process."""

import io

import pytest

pytest.importorskip("fastapi", reason="SKIPPED: the extra [web] is not installed")

from fastapi.testclient import TestClient

from postcast import load
from postcast.cli.main import exit_code
from postcast.web.app import make_app
from postcast.web.service import Service

LOCAL = "http://localhost"


@pytest.fixture(scope="session")
def web_run(tmp_path_factory):
    """A whole run of the sample, with `strong`, as people get it."""
    out = tmp_path_factory.mktemp("web") / "RUN"
    assert exit_code(["run", "--encoder", "tfidf", "--quiet", "--json", "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="session")
def forecaster(web_run):
    return load(web_run)


@pytest.fixture
def serve(web_run, forecaster):
    """Start an application in this process; it ends with the test."""
    clients = []

    def start(limits=None, **options):
        service = Service(forecaster, load(web_run), web_run, limits)
        app = make_app(service, **options)
        client = TestClient(app, base_url=LOCAL, raise_server_exceptions=False)
        clients.append(client.__enter__())
        client.service = service
        return client

    yield start
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def client(serve):
    return serve()


@pytest.fixture(scope="session")
def picture():
    """A small PNG."""
    from PIL import Image

    data = io.BytesIO()
    Image.new("RGB", (32, 24), (200, 40, 40)).save(data, "PNG")
    return data.getvalue()
