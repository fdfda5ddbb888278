"""A signal asks for a save, inside alone, and nothing else is changed by that."""

import os
import signal
import threading

import pytest

from postcast.checkpoints.request import SaveRequest

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "SIGUSR1"), reason="SKIPPED: no SIGUSR1 on this system"
)


@pytest.fixture(autouse=True)
def own_handler():
    """What took the signal before, and how often it did."""
    taken = []
    before = signal.signal(signal.SIGUSR1, lambda *_: taken.append(1))
    yield taken
    signal.signal(signal.SIGUSR1, before)


def ask():
    os.kill(os.getpid(), signal.SIGUSR1)


def test_the_signal_is_a_request_and_then_what_it_was(own_handler):
    request = SaveRequest()
    assert not request.is_open
    with request.heard():
        ask()
        assert request.is_open
    assert own_handler == []
    ask()
    assert own_handler == [1]


def test_an_error_restores_it_too(own_handler):
    request = SaveRequest()
    with pytest.raises(KeyboardInterrupt), request.heard():
        raise KeyboardInterrupt
    ask()
    assert own_handler == [1]
    assert not request.is_open


@pytest.mark.parametrize("before", [signal.SIG_DFL, signal.SIG_IGN])
def test_defaults_come_back(before):
    signal.signal(signal.SIGUSR1, before)
    with SaveRequest().heard():
        assert callable(signal.getsignal(signal.SIGUSR1))
    assert signal.getsignal(signal.SIGUSR1) == before


def test_other_signals_are_left_alone():
    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)}
    with SaveRequest().heard():
        assert {n: signal.getsignal(n) for n in before} == before


def test_in_another_thread_nothing_is_taken(own_handler):
    errors = []

    def work():
        try:
            with SaveRequest().heard():
                errors.append(signal.getsignal(signal.SIGUSR1))
        except ValueError as error:
            errors.append(error)

    before = signal.getsignal(signal.SIGUSR1)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert errors == [before]
