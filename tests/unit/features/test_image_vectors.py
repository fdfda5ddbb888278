"""Vectors of images: of one length, none for none, the same alone as among others, and saved."""

import numpy as np
import pytest

from postcast.features.image_vectors import LEARNED_FROM, WIDEST, ImageVectors
from postcast.schema import Block


def _blocks(rng, n=50, width=0):
    blocks = {"visual": Block(3 + rng.normal(size=(n, 19)).astype(np.float32) * 40)}
    if width:
        blocks["image"] = Block(rng.random((n, width)).astype(np.float32))
    has = rng.random(n) < 0.7
    blocks = {name: Block(block.matrix * has[:, None]) for name, block in blocks.items()}
    return {**blocks, "has image": Block(has[:, None].astype(np.float32))}


def _some(blocks, rows):
    return {name: Block(block.matrix[rows]) for name, block in blocks.items()}


@pytest.mark.parametrize("width", [0, 30, 400])
def test_they_are_of_length_one_and_zeros_for_none(rng, width):
    blocks = _blocks(rng, width=width)
    vectors = ImageVectors.learned(blocks)
    np.testing.assert_array_equal(vectors.has, blocks["has image"].matrix[:, 0] > 0)
    np.testing.assert_allclose(np.linalg.norm(vectors.rows, axis=1), vectors.has, atol=2**-10)
    assert vectors.rows.shape == (50, min(19 + width, WIDEST) + 1)
    assert vectors.rows.dtype == np.float32


def test_an_image_is_the_same_alone_as_among_others(rng):
    blocks = _blocks(rng, width=400)
    vectors = ImageVectors.learned(blocks)
    alone = [vectors.of(_some(blocks, [row])) for row in range(len(vectors))]
    np.testing.assert_array_equal(np.vstack(alone), vectors.rows)


def test_images_near_the_mean_are_alike(rng):
    """Their direction from the mean is chance: by it alone they would be as unlike as any."""
    columns = np.repeat([-1.0, 0.0, 1.0], 20)[:, None] * np.ones(8)
    columns += rng.normal(0, 0.05, columns.shape)
    blocks = {
        "visual": Block(columns.astype(np.float32)),
        "has image": Block(np.ones((60, 1), dtype=np.float32)),
    }
    rows = ImageVectors.learned(blocks).rows
    cosines = rows @ rows.T
    assert cosines[20:40, 20:40].min() > 0.9
    assert cosines[20:40, :20].max() < 0.9


def test_more_posts_are_seen_as_the_first_ones(rng):
    blocks, more = _blocks(rng, width=30), _blocks(rng, n=7, width=30)
    vectors = ImageVectors.learned(blocks)
    joined = vectors.joined(more)
    np.testing.assert_array_equal(joined.rows[:50], vectors.rows)
    np.testing.assert_array_equal(joined.rows[50:], vectors.of(more))


def test_directions_of_very_many_are_learned_from_some(rng, monkeypatch):
    monkeypatch.setattr("postcast.features.image_vectors.LEARNED_FROM", 10)
    blocks = _blocks(rng, n=200, width=400)
    assert ImageVectors.learned(blocks).has.sum() > 10
    assert LEARNED_FROM > 1000


def test_what_was_saved_is_read(rng):
    vectors = ImageVectors.learned(_blocks(rng, width=30))
    again = ImageVectors.from_arrays(vectors.arrays(), len(vectors))
    for name, array in vectors.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], array)
    assert ImageVectors.from_arrays({}, 0) is None
