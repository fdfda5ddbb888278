"""How many posts' images were seen, and why the others were not. Knows no image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from postcast.features.images.decode import Reason
from postcast.wording import agreeing

if TYPE_CHECKING:
    from postcast.features.images.sense import ImageSense


@dataclass(frozen=True)
class Tally:
    """A count of posts by what became of their images.

    Parameters
    ----------
    encoder : str
        What looked at them; ``plain`` for plain features alone.
    seen : int
    none : int
        Posts that name no image.
    unseen : mapping of str to int
        By reason, the commonest first.
    """

    encoder: str
    seen: int
    none: int
    unseen: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, sense: ImageSense, paths: Sequence[str | None]) -> Self:
        """Look at the images of some posts, and count them."""
        counts = Counter(sense.look(paths).reasons)
        seen, none = counts.pop(None, 0), counts.pop(Reason.NONE, 0)
        unseen = {str(reason): n for reason, n in counts.most_common() if reason is not None}
        return cls(sense.name, seen, none, unseen)

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as plain JSON types."""
        return {**vars(self), "unseen": dict(self.unseen)}

    def __str__(self) -> str:
        n_named = self.seen + sum(self.unseen.values())
        were = agreeing(self.seen, "was", "were")
        told = f"Images ({self.encoder}): {self.seen:,} of {n_named:,} {were} seen"
        if self.unseen:
            told += ", not " + ", ".join(f"{n:,} ({why})" for why, n in self.unseen.items())
        return f"{told}; posts without one: {self.none:,}."
