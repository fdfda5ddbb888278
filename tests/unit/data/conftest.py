"""What the tests of `postcast.data` share: a writer of small files, and the real files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def _write(content: str | bytes, name: str = "posts.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return _write


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = Path(os.environ.get("POSTCAST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "pinterest.csv").is_file():
        pytest.skip(f"REAL DATA NOT TESTED: no pinterest.csv in {folder}; set POSTCAST_DATA")
    return folder
