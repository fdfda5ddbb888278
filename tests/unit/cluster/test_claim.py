"""One command at a time, whatever a killed one has left and however others come in between."""

from __future__ import annotations

import json
import multiprocessing
import socket
import threading
from pathlib import Path

import pytest

from postcast.cluster import claim
from postcast.cluster.claim import claimed, owner_of
from postcast.errors import ClusterError


@pytest.fixture
def dead(tmp_path) -> Path:
    """A folder with the lock of a process that is no more."""
    process = multiprocessing.get_context("spawn").Process()
    process.start()
    process.join()
    told = {"host": socket.gethostname(), "process": process.pid}
    (tmp_path / ".submitting").write_text(json.dumps(told))
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_lock_of_one_who_died_is_taken_over(dead):
    with claimed(dead, dead):
        assert names(dead) == [".submitting"]
    assert names(dead) == []


def test_the_lock_of_another_stays(tmp_path):
    with claimed(tmp_path, tmp_path), pytest.raises(ClusterError, match="being submitted by"):
        claimed(tmp_path, tmp_path).__enter__()


@pytest.mark.parametrize("looks", [1, 2])
def test_two_who_saw_the_same_dead_one_do_not_both_go_on(dead, monkeypatch, looks):
    """The second sees the dead lock, and stops there until the first has taken it over."""
    seen, go_on, told = threading.Event(), threading.Event(), []
    first, look, n_looks = threading.current_thread(), claim._is_dead, []

    def slow(lock):
        found = look(lock)
        if threading.current_thread() is not first:
            n_looks.append(found)
            if len(n_looks) == looks:
                seen.set()
                go_on.wait(10)
        return found

    def second():
        try:
            with claimed(dead, dead):
                told.append("at work")
        except ClusterError as error:
            told.append(str(error))

    monkeypatch.setattr(claim, "_is_dead", slow)
    other = threading.Thread(target=second)
    other.start()
    assert seen.wait(10)
    try:
        with claimed(dead, dead):
            told.append("at work")
            go_on.set()
            other.join(10)
    except ClusterError as error:
        told.append(str(error))
        go_on.set()
        other.join(10)
    assert told.count("at work") == 1
    assert sum("is being submitted by another postcast" in one for one in told) == 1
    assert names(dead) == []


def test_where_a_removal_was_left_half_done_nobody_goes_on(dead):
    (dead / ".submitting.dead").write_text("")
    with pytest.raises(ClusterError, match=r"if that has died, remove .*\.submitting"):
        claimed(dead, dead).__enter__()
    (dead / ".submitting").unlink()
    with claimed(dead, dead):
        pass


def test_asking_removes_nothing_that_may_not_be_removed(dead, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError

    monkeypatch.setattr(Path, "unlink", refuse)
    monkeypatch.setattr(Path, "open", refuse)
    assert owner_of(dead) is not None
