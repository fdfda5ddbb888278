"""What remembered posts say, word for word, for people to read. No forecast looks at it.

Kept as bytes, and read only when somebody asks: a forecast loads none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from postcast.schema import Parts
from postcast.validation import starts

if TYPE_CHECKING:
    from postcast.schema import IntArray


@dataclass(frozen=True)
class Wordings:
    """The texts of the posts of a bank, in its order.

    Parameters
    ----------
    read : callable
        Returns the saved piece; called when the first text is asked for.
    """

    read: Callable[[], Parts]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """Return the wordings of some texts."""
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        starts = np.concatenate([[0], np.cumsum([len(one) for one in encoded], dtype=np.int64)])
        joined = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        parts = Parts(facts={}, arrays={"bytes": joined, "starts": starts.astype(np.int64)})
        return cls(lambda: parts)

    @cached_property
    def state(self) -> Parts:
        """The texts for `storage`: UTF-8 one after the other, and where each begins."""
        return self.read()

    @staticmethod
    def checked(parts: Parts, n_posts: int) -> Parts:
        """Return saved wordings, once they are known to be those of `n_posts` posts.

        Raises
        ------
        ValueError
        """
        joined = parts.arrays.get("bytes")
        if joined is None or joined.dtype != np.uint8 or joined.ndim != 1:
            raise ValueError("no tensor 'bytes' of bytes")
        first = starts(parts.arrays, "starts", n_posts, len(joined))
        joined.tobytes().decode("utf-8", "surrogatepass")
        if (joined[first[first < len(joined)]] & 0xC0 == 0x80).any():
            raise ValueError("tensor 'starts' cuts a character")
        return parts

    def __len__(self) -> int:
        return len(self.state.arrays["starts"]) - 1

    def at(self, positions: IntArray) -> list[str]:
        """Return the texts at some positions."""
        a = self.state.arrays
        bounds = [(int(a["starts"][p]), int(a["starts"][p + 1])) for p in positions]
        found = [a["bytes"][start:end].tobytes() for start, end in bounds]
        return [text.decode("utf-8", "surrogatepass") for text in found]

    def joined(self, texts: Sequence[str]) -> Wordings:
        """Return these and more."""
        return Wordings.of([*self.at(np.arange(len(self))), *texts])
