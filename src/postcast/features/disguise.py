"""Names, tags, terms and texts as salted digests: to be recognised by, and not to be read.

Knows no post. A digest does not tell what it is of, but whoever guesses that can check the guess:
the salt stands beside the digests, and only keeps them from being looked up in a table made
beforehand, or compared with those of another run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from postcast.schema import BoolArray, IntArray

LONE = 64
"""The part of its place by which the only post of an author may move."""


@dataclass(frozen=True)
class Disguise:
    """How a forecaster without posts recognises what it may not hold (BLAKE2b, RFC 7693).

    Parameters
    ----------
    salt : bytes
    """

    salt: bytes

    @classmethod
    def of_run(cls, input_sha256: str, seed: int) -> Self:
        """Return the disguise of a run: the same for the same posts and seed, byte for byte."""
        return cls(_digest(f"{input_sha256} {seed}".encode(), b"postcast", "salt"))

    def name(self, name: str) -> str:
        """Return what stands for an author's name: 16 hexadecimal digits."""
        return self._of("name", name)

    def term(self, term: str) -> str:
        """Return what stands for a term of a vocabulary: 16 hexadecimal digits."""
        return self._of("term", term)

    def _of(self, kind: str, text: str) -> str:
        return _digest(text.encode("utf-8", "surrogatepass"), self.salt, kind)[:8].hex()

    def mark(self, code: int) -> int:
        """Return what stands for a tag or category; see `postcast.features.marks`."""
        digest = _digest(code.to_bytes(8, "big"), self.salt, "mark")
        return int.from_bytes(digest[:8], "big") >> 2 << 1 | (code & 1)

    def marks(self, codes: IntArray) -> IntArray:
        """Return what stands for each of some marks, shape (n_marks,)."""
        distinct, place = np.unique(codes, return_inverse=True)
        hidden = np.array([self.mark(code) for code in distinct.tolist()], dtype=np.int64)
        return hidden[place]

    def prints(self, prints: np.ndarray) -> np.ndarray:
        """Return fingerprints in disguise, uint8, shape (n, 16); zeros, for nothing, stay so."""
        hidden = [
            _digest(row.tobytes(), self.salt, "print") if row.any() else bytes(16) for row in prints
        ]
        return np.frombuffer(b"".join(hidden), dtype=np.uint8).reshape(-1, 16).copy()

    def orders(
        self,
        orders: IntArray,
        whose: Sequence[str | int | None],
        stays: BoolArray | None = None,
    ) -> IntArray:
        """Return places in an order with each drawn towards the one before it of the same author.

        By up to half of the distance between them, so that who comes before whom stays, and ids
        of which the places are part cannot be read off.

        Parameters
        ----------
        orders : ndarray of int64, shape (n_posts,)
        whose : sequence of str, int or None, length n_posts
            The name or the code of each one's author.
        stays : ndarray of bool, shape (n_posts,), optional
            Those that are in disguise already.

        Returns
        -------
        ndarray of int64, shape (n_posts,)
        """
        names = {name: code for code, name in enumerate(dict.fromkeys(whose))}
        author = np.array([names[name] for name in whose], dtype=np.int64)
        turn = np.lexsort((orders, author))
        hidden = orders.astype(np.int64).copy()
        for rows in np.split(turn, np.flatnonzero(np.diff(author[turn])) + 1):
            places, member = np.unique(orders[rows], return_inverse=True)
            gaps = np.diff(places)
            # the first has none before it: as far as the second is, or a little where it is alone
            first = gaps[:1] if len(gaps) else places // LONE
            parts = [
                self._part_of(int(gap) // 2, int(place))
                for gap, place in zip([*first, *gaps], places, strict=True)
            ]
            hidden[rows] = (places - np.array(parts, dtype=np.int64))[member]
        return hidden if stays is None else np.where(stays, orders, hidden)

    def _part_of(self, gap: int, place: int) -> int:
        drawn = _digest(str(place).encode(), self.salt, "gap")
        return int.from_bytes(drawn[:8], "big") % (gap + 1)


def _digest(data: bytes, salt: bytes, kind: str) -> bytes:
    return blake2b(data, digest_size=16, key=salt, person=kind.encode()).digest()
