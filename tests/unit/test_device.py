"""Asking for a GPU that is not there fails before any long work."""

import pytest

from postcast import device
from postcast.device import pick_device
from postcast.errors import SettingsError

torch = pytest.importorskip("torch", reason="SKIPPED: the extra [torch] is not installed")


def test_cpu_is_always_there():
    assert pick_device("cpu") == "cpu"


@pytest.mark.parametrize("is_there", [True, False])
def test_auto_takes_what_is_there(monkeypatch, is_there):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: is_there)
    monkeypatch.setattr(device, "_has_driver", lambda: True)
    assert pick_device("auto") == ("cuda" if is_there else "cpu")


def test_without_a_driver_torch_is_not_asked(monkeypatch):
    monkeypatch.setattr(device, "_has_driver", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: pytest.fail("asked torch"))
    assert pick_device("auto") == "cpu"


def test_a_missing_gpu_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SettingsError, match=r"torch finds no GPU.*choose --device cpu"):
        pick_device("cuda")


def test_an_unknown_device():
    with pytest.raises(SettingsError, match="device 'tpu'; expected one of auto, cpu, cuda"):
        pick_device("tpu")
