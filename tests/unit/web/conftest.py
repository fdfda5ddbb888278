"""A forecaster of the synthetic sample, answered in this process."""

import contextlib
import http.client
import io
import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass, replace

import pytest
from tests.conftest import records

pytest.importorskip("fastapi", reason="SKIPPED: the extra [web] is not installed")

from fastapi.testclient import TestClient

from postcast import load
from postcast.cli.main import exit_code
from postcast.features.images.sense import ImageSense
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

    def start(limits=None, pair=None, **options):
        service = Service(*(pair or (forecaster, load(web_run))), web_run, limits)
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


@pytest.fixture
def serve_seeing(serve, seeing):
    """Start an application whose forecaster looks at images."""
    return lambda limits=None: serve(limits, seeing)


@pytest.fixture(scope="session")
def picture():
    """A small PNG."""
    from PIL import Image

    data = io.BytesIO()
    Image.new("RGB", (32, 24), (200, 40, 40)).save(data, "PNG")
    return data.getvalue()


@pytest.fixture(scope="session")
def other_run(tmp_path_factory):
    """A run of other posts, none of whose texts is one of the sample's."""
    folder = tmp_path_factory.mktemp("other")
    posts = folder / "posts.jsonl"
    posts.write_text("\n".join(json.dumps(row) for row in records()))
    chosen = ("--encoder", "tfidf", "--classifier", "linear", "--quiet", "--json")
    assert exit_code(["run", str(posts), *chosen, "--out", str(folder / "RUN")]) == 0
    return folder / "RUN"


@pytest.fixture(scope="session")
def seeing(forecaster, web_run):
    """The same forecaster, twice, as if it looked at images."""
    images = ImageSense(facts=None, encoder=None)
    return tuple(
        replace(one, senses=replace(one.senses, images=images))
        for one in (forecaster, load(web_run))
    )


SERVER = """
import json, sys
from pathlib import Path
from postcast.web.app import make_app
from postcast.web.lifetime import lifetime
from postcast.web.limits import Limits
from postcast.web.service import Service
from postcast.web.serving import listen, serve_app

limits = Limits(**json.loads(sys.argv[2]))
with lifetime(), listen("127.0.0.1", 0, None) as listening:
    service = Service.of_run(Path(sys.argv[1]), limits=limits)
    ready = lambda: print(listening.getsockname()[1], flush=True)
    serve_app(make_app(service), [listening], limits, ready, service.renew)
"""


@dataclass
class Process:
    """A server of its own process on loopback."""

    process: subprocess.Popen
    port: int

    def connect(self, seconds=30.0):
        return socket.create_connection(("127.0.0.1", self.port), seconds)

    def ask(self, path, told=None, method=None):
        """Return status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = None if told is None else json.dumps(told)
        headers = {} if told is None else {"content-type": "application/json"}
        try:
            connection.request(method or ("GET" if told is None else "POST"), path, body, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


@contextlib.contextmanager
def serving(run, limits=None, errors=None, **environment):
    """Start a server process, and end it by its own id."""
    command = [sys.executable, "-c", SERVER, str(run), json.dumps(limits or {})]
    env = {**os.environ, **environment}
    out = subprocess.PIPE
    with subprocess.Popen(command, stdout=out, stderr=errors, text=True, env=env) as process:
        try:
            yield Process(process, int(process.stdout.readline()))
        finally:
            process.kill()


@pytest.fixture(scope="session")
def start_process():
    return serving
