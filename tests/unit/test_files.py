"""A file is written whole or not at all."""

import errno
import os
import stat
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


def a_device(folder, name="device"):
    """Return the null device under another name: a node where one may be made, else a link."""
    path = folder / name
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except PermissionError:
        path.symlink_to(os.devnull)
    return path


def read_from(pipe):
    """Return a thread that reads all of a pipe, and the list into which it puts it."""
    content = []
    reader = threading.Thread(target=lambda: content.append(pipe.read_bytes()), daemon=True)
    reader.start()
    return reader, content


def test_a_device_is_written_into_and_stays(tmp_path):
    device = a_device(tmp_path)
    write_text(device, "x" * 100_000)
    assert stat.S_ISCHR(device.stat().st_mode)
    assert [p.name for p in tmp_path.iterdir()] == ["device"]


@pytest.mark.parametrize("through_a_link", [False, True])
def test_a_pipe_gets_the_whole_content_and_stays(tmp_path, through_a_link):
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    reader, content = read_from(pipe)
    write_text(link if through_a_link else pipe, "line\n" * 50_000)
    reader.join(60)
    assert content == [b"line\n" * 50_000]
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert link.is_symlink()


def test_nothing_is_written_into_a_device_after_a_failure(tmp_path):
    path = tmp_path / "full"
    path.symlink_to("/dev/full")
    with pytest.raises(OutputError, match="No space left"):
        write_text(path, "x")

    def write_half():
        with replacing(path) as temporary:
            temporary.write_text("half")  # were it written, the full device would complain instead
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        write_half()
    assert path.is_symlink()


def test_an_open_descriptor_is_written_behind_what_it_holds(tmp_path):
    output = tmp_path / "output"
    with output.open("wb") as file:
        file.write(b"before\n")
        file.flush()
        link = tmp_path / "stdout"
        link.symlink_to(f"/proc/self/fd/{file.fileno()}")
        write_text(link, "content\n")
        assert os.fstat(file.fileno()).st_ino == output.stat().st_ino
    assert output.read_bytes() == b"before\ncontent\n"


@pytest.mark.parametrize("is_there", [True, False])
def test_a_link_is_written_through(tmp_path, is_there):
    target, link = tmp_path / "elsewhere" / "file", tmp_path / "link"
    target.parent.mkdir()
    link.symlink_to(target)
    if is_there:
        target.write_text("old")
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert not target.is_symlink()
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["elsewhere", "file", "link"]


def test_a_failure_deletes_no_link(tmp_path):
    target, link, folder = tmp_path / "file", tmp_path / "link", tmp_path / "folder"
    link.symlink_to(target)
    folder.symlink_to(tmp_path / "no-folder")

    def write_and_fail():
        with removing_if_new(link, folder):
            write_text(link, "x")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        write_and_fail()
    assert link.is_symlink()
    assert folder.is_symlink()
    assert not target.exists()
    with pytest.raises(OutputError, match="link to nothing"):
        check_writable(folder)


def test_a_link_in_a_circle_is_refused_and_stays(tmp_path):
    link, other = tmp_path / "link", tmp_path / "other"
    link.symlink_to(other)
    other.symlink_to(link)
    with pytest.raises(OutputError, match="leads back to itself"):
        write_text(link, "x")
    assert link.is_symlink()
    assert other.is_symlink()
