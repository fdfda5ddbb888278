"""How far the workers are, as a bar of posts: told by the results that are there."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from postcast.progress import progress
from postcast.shards.manifest import EMBED, PREDICT, RESULTS, Manifest

SECONDS_BETWEEN_LOOKS = 0.5

DOING = {EMBED: "embedding", PREDICT: "predicting"}


@contextlib.contextmanager
def watched(manifest: Manifest) -> Iterator[Callable[[], None]]:
    """Show a bar, and yield what moves it on as far as results are there.

    What is yielded may be called as often as one likes: it looks twice a second at most.
    """
    waiting = {
        manifest.result_path(index, device).name: index
        for index in range(len(manifest))
        for device in manifest.work.keys
    }
    seen: set[int] = set()
    next_look = 0.0
    with progress(manifest.n_posts, DOING[manifest.work.kind], "post") as advance:

        def look() -> None:
            nonlocal next_look
            if time.monotonic() < next_look:
                return
            folder = manifest.folder / RESULTS
            names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
            for index in {waiting[name] for name in names if name in waiting} - seen:
                seen.add(index)
                advance(manifest.shards[index].n_posts)
            next_look = time.monotonic() + SECONDS_BETWEEN_LOOKS

        yield look
        next_look = 0.0
        look()
