"""Checkpoints: whole or not at all, of one training alone, and not too often."""

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from postcast.checkpoints import folder as module
from postcast.checkpoints.file import packed, unpacked
from postcast.checkpoints.folder import Checkpoints
from postcast.checkpoints.request import SaveRequest
from postcast.schema import Parts

PARTS = Parts(
    {"reached": "epoch 3, 1 batches in", "best": 0.1 + 0.2, "groups": [{"lr": 1e-3}], "none": None},
    {
        "weights": np.arange(6, dtype=np.float32).reshape(2, 3),
        "transposed": np.arange(6.0).reshape(2, 3).T,
        "step": np.array(7.0, dtype=np.float32),
        "order": np.array([2, 0, 1]),
        "random": np.arange(256, dtype=np.uint8),
        "nothing": np.empty((0, 3)),
        "not a number": np.array([np.nan, np.inf, -0.0]),
    },
)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("postcast.checkpoints.folder.time.perf_counter", clock)
    return clock


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "RUN" / "checkpoints"


def opened(folder, request=None, **shaping):
    return Checkpoints(folder, {"seed": 1, **shaping}, request or SaveRequest())


def kept(folder, name="main", **shaping):
    """Keep something, whatever the clock says, and return its file."""
    checkpoints = opened(folder, **shaping)
    place = checkpoints.root.within(name)
    assert checkpoints.save(place.file, lambda: PARTS)
    return place.file


def test_parts_come_back_bit_for_bit(tmp_path):
    path = tmp_path / "one.safetensors"
    path.write_bytes(packed(PARTS, "me"))
    owner, found = unpacked(path)
    assert (owner, found.facts) == ("me", PARTS.facts)
    assert found.arrays.keys() == PARTS.arrays.keys()
    for name, value in PARTS.arrays.items():
        assert (found.arrays[name].dtype, found.arrays[name].shape) == (value.dtype, value.shape)
        assert found.arrays[name].tobytes() == value.tobytes(), name


def test_each_fit_has_a_place_of_its_own(folder):
    kept(folder)
    root = opened(folder).root
    assert root.within("main").load().facts == PARTS.facts
    assert root.within("unweighted").load() is None
    assert root.within("main").within("member 1").load() is None


def test_nothing_is_written_before_it_is_time(folder, clock):
    place = opened(folder).root.within("main")
    place.offer(lambda: pytest.fail("made in vain"))
    assert not folder.exists()
    clock.now += module.EVERY
    place.offer(lambda: PARTS)
    assert place.load().facts == PARTS.facts
    clock.now += 0.9 * module.EVERY
    place.offer(lambda: pytest.fail("made in vain"))


def test_a_slow_disk_is_written_to_less_often(folder, clock):
    def slow():
        clock.now += 3.0
        return PARTS

    place = opened(folder).root.within("main")
    clock.now += module.EVERY
    place.offer(slow)
    clock.now += 0.99 * 3.0 / module.SHARE
    place.offer(lambda: pytest.fail("too often"))
    clock.now += 0.02 * 3.0 / module.SHARE
    place.file.unlink()
    place.offer(slow)
    assert place.file.exists()


def test_a_request_is_met_at_once_and_once(folder, clock, caplog):
    caplog.set_level(logging.INFO)
    request = SaveRequest()
    place = opened(folder, request).root.within("main")
    request.is_open = True
    place.offer(lambda: PARTS)
    assert "asked to save: wrote" in caplog.text
    assert "(epoch 3, 1 batches in); the training goes on" in caplog.text
    assert not request.is_open
    place.offer(lambda: pytest.fail("once is enough"))


def test_what_is_done_takes_the_place_of_what_it_was_made_of(folder, clock):
    main = opened(folder).root.within("main")
    kept(folder, "main/member 1")
    main.finish(PARTS)
    assert main.load() is None  # it took no time: not worth it
    clock.now += module.WORTH_KEEPING
    main.finish(PARTS)
    assert [path.relative_to(folder) for path in folder.rglob("*")] == [Path("main.safetensors")]


@pytest.mark.parametrize("other", [{"seed": 2}, {"versions": {"torch": "2.7"}}])
def test_what_is_of_another_training_is_removed(folder, other, caplog):
    caplog.set_level(logging.INFO)
    path = kept(folder)
    (folder.parent / "run.json").write_text("{}")
    assert opened(folder, **other).root.within("main").load() is None
    assert not folder.exists()
    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert "is of other settings, posts or versions: removed" in caplog.text
    assert (path.parents[1] / "run.json").exists()


def test_what_another_wrote_meanwhile_is_not_read(folder):
    mine = opened(folder).root.within("main")
    kept(folder, seed=2)
    assert mine.load() is None


def _flip(data):
    return data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"postcast" * 20,
        _flip,
        lambda data: data.replace(b"epoch 3", b"epoch 4"),
        lambda data: data.replace(b'"owner"', b'"ownre"'),
    ],
    ids=["half", "empty", "foreign", "a bit", "its facts", "no owner"],
)
def test_a_broken_one_is_left_aside_with_a_warning(folder, spoil, caplog):
    path = kept(folder)
    path.write_bytes(spoil(path.read_bytes()))
    place = opened(folder).root.within("main")
    assert place.load() is None
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "main.safetensors is broken (" in record.message
    assert "that fit starts anew" in record.message
    kept(folder)
    assert place.load() is not None


def test_halves_that_a_kill_left_are_cleared(folder):
    path = kept(folder)
    half = path.with_name(".main.safetensors.1.abcd.tmp")
    half.write_bytes(b"half")
    opened(folder)
    assert path.exists()
    assert not half.exists()


def test_a_disk_that_takes_nothing_is_no_end_of_the_training(folder, caplog):
    folder.parent.mkdir(parents=True)
    folder.write_text("in the way")
    request = SaveRequest()
    checkpoints = opened(folder, request)
    for _ in range(3):
        assert not checkpoints.save(folder / "main.safetensors", lambda: PARTS)
    (record,) = caplog.records
    assert record.message.startswith("a checkpoint is missing, and the training goes on: cannot")
    request.is_open = True
    assert not checkpoints.save(folder / "main.safetensors", lambda: PARTS)
    assert len(caplog.records) == 2  # who asked is told
    assert not request.is_open
    folder.unlink()
    assert checkpoints.save(folder / "main.safetensors", lambda: PARTS)


def test_two_trainings_at_once_take_nothing_from_each_other(folder):
    first, second = opened(folder), opened(folder)
    for one in (first, second):
        assert one.save(folder / "main" / "member 1.safetensors", lambda: PARTS)
    shutil.rmtree(folder)  # the first has ended
    assert second.save(folder / "main" / "member 2.safetensors", lambda: PARTS)
