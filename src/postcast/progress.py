"""Progress bars: shown on a terminal, unless ``TQDM_DISABLE`` forbids them.

tqdm itself heeds the variable only where nobody asks about the terminal.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator

FEWEST = 64
"""With fewer steps the work is over before a bar could be read, and tqdm is not imported."""


def bar_is_hidden() -> bool | None:
    """Return tqdm's ``disable``: True where forbidden, None to leave it to the terminal."""
    return True if os.environ.get("TQDM_DISABLE") else None


@contextlib.contextmanager
def progress(total: int, doing: str, unit: str) -> Iterator[Callable[[int], object]]:
    """Show a bar while something is done, and yield what moves it on by so many steps."""
    if total < FEWEST:
        yield lambda _: None
        return
    from tqdm.auto import tqdm

    with tqdm(total=total, desc=doing, unit=unit, disable=bar_is_hidden()) as bar:
        yield bar.update
