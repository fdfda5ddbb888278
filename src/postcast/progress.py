"""Whether progress bars are shown: on a terminal, unless ``TQDM_DISABLE`` forbids them.

Knows no bar. tqdm itself heeds the variable only where nobody asks about the terminal.
"""

from __future__ import annotations

import os


def bar_is_hidden() -> bool | None:
    """Return tqdm's ``disable``: True where forbidden, None to leave it to the terminal."""
    return True if os.environ.get("TQDM_DISABLE") else None
