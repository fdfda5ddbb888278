"""Few images are decoded at once, and each counts until its decoding has ended."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from postcast.web.batching import FullError
from postcast.web.decoding import Decoding


def test_what_clients_gave_up_counts_until_it_ends():
    # In a thread of its own: a browser's tests leave a loop running in the process's first one.
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, give_up_forty()).result()


async def give_up_forty():
    decoding = Decoding(most=8, threads=2)
    go, begun = threading.Event(), []

    def decode(number):
        begun.append(number)
        go.wait(30)
        return number

    before = threading.active_count()
    asked = [asyncio.ensure_future(decoding.run(decode, number)) for number in range(40)]
    done, waiting = await asyncio.wait(asked, timeout=0.5)
    assert len(waiting) == 8
    assert all(isinstance(one.exception(), FullError) for one in done)
    assert threading.active_count() - before == 2
    for one in waiting:
        one.cancel()
    await asyncio.wait(waiting)
    assert decoding.held == 2, "those that were not begun are dropped, the others go on"
    assert sorted(begun) == [0, 1]
    go.set()
    while decoding.held:
        await asyncio.sleep(0.01)
    assert await decoding.run(decode, 7) == 7
    decoding.stop()
    with pytest.raises(FullError):
        await decoding.run(decode, 8)
