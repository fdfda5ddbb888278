"""A memory that learns on: images of later posts are kept as those of the training were."""

from dataclasses import replace

import numpy as np
import pytest

from postcast.features.assemble import Drafts
from postcast.features.bank import MemoryBank
from postcast.features.image_vectors import ImageVectors
from postcast.features.images.sense import ImageSense
from postcast.learning.memory import remember_more

Image = pytest.importorskip("PIL.Image", reason="SKIPPED: the extra [image] is not installed")


@pytest.fixture
def drafts(tmp_path, rng):
    """Six posts, of which the fourth has no image."""
    paths = [str(tmp_path / f"{number}.png") for number in range(6)]
    for path in paths:
        Image.fromarray(rng.integers(0, 255, (9, 12, 3)).astype(np.uint8)).save(path)
    return Drafts(
        ids=list("uvwxyz"),
        texts=["a text"] * 6,
        authors=["a", "a", "b", "a", None, "unheard"],
        group=np.arange(6),
        order=np.arange(6),
        images=[*paths[:3], None, *paths[4:]],
    )


def test_later_images_are_remembered_on_the_scale_of_the_first(drafts):
    sense, first = ImageSense(None, None), drafts.take(np.arange(3))
    bank = replace(
        MemoryBank.of_authors(["a", "b"]),
        ids=list("uvw"),
        author=np.array([0, 0, 1]),
        engagement=np.ones(3),
        order=first.order,
        group=first.group,
        fingerprints=np.ones((3, 16), dtype=np.uint8),
        images=ImageVectors.learned(sense.look(first.image_paths).blocks),
    )
    later = drafts.take(np.arange(3, 6))
    more = remember_more(bank, later, np.ones(3), None, sense)
    assert more.ids == list("uvwxy")
    assert more.images.has.tolist() == [True, True, True, False, True]
    seen = sense.look(later.image_paths[1:2]).blocks
    np.testing.assert_array_equal(more.images.rows[4:], bank.images.of(seen))
    silenced = later.silenced(np.array([False, True, False]))
    more = remember_more(bank, silenced, np.ones(3), None, sense)
    assert more.images.has.tolist() == [True, True, True, False, False]


def test_what_looks_at_no_images_remembers_none(drafts):
    bank = replace(MemoryBank.of_authors(["a"]), order=np.empty(0, dtype=np.int64))
    assert remember_more(bank, drafts, np.ones(6), None).images is None
    assert drafts.silenced(np.ones(6, dtype=bool)).images == [None] * 6
