"""A file is written whole or not at all."""

import errno
import threading

import pytest

from postcast.errors import OutputError
from postcast.files import (
    alone_in,
    check_writable,
    in_turn,
    removing_if_new,
    replacing,
    write_text,
)


def test_writes_and_replaces(tmp_path):
    path = tmp_path / "new" / "file.txt"
    write_text(path, "one\n")
    write_text(path, "zwei ü\n")
    assert path.read_bytes() == "zwei ü\n".encode()
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_failure_in_the_middle_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "file.txt"
    write_text(path, "old")

    def write_half():
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]


def test_one_waits_for_its_turn(tmp_path):
    had_it = threading.Event()

    def wait():
        with in_turn(tmp_path):
            had_it.set()

    with alone_in(tmp_path):
        other = threading.Thread(target=wait)
        other.start()
        assert not had_it.wait(0.2)
    other.join(10)
    assert had_it.is_set()
    with alone_in(tmp_path):
        pass


def test_a_full_disk_says_so_in_one_line(tmp_path):
    says = r"No space left.*free some disk space"
    with pytest.raises(OutputError, match=says), replacing(tmp_path / "file.txt"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_parent_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        write_text(tmp_path / "file" / "inside.txt", "x")


def test_a_full_disk_told_by_a_library_in_rust(tmp_path):
    told = ValueError("underlying IO error: No space left on device (os error 28)")
    with pytest.raises(OutputError, match="free some disk space"), replacing(tmp_path / "f"):
        raise told
    with pytest.raises(ValueError, match="else"), replacing(tmp_path / "f"):
        raise ValueError("something else")


def test_a_folder_is_tried_before_the_work_and_left_as_it_was(tmp_path):
    check_writable(tmp_path)
    check_writable(tmp_path / "new" / "folder")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="is a file; expected a folder"):
        check_writable(tmp_path / "file")
    with pytest.raises(OutputError, match="cannot write"):
        check_writable(tmp_path / "file" / "folder")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_only_what_is_new_is_removed_after_an_error(tmp_path):
    old = tmp_path / "old"
    old.mkdir()

    def write_and_fail():
        with removing_if_new(old, old / "a" / "b", old / "c"):
            for name in ("a/b/file", "c", "d"):
                write_text(old / name, "x")
            raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        write_and_fail()
    assert [p.name for p in old.iterdir()] == ["d"]
