"""What a forecaster leans on is found by swapping it, and nothing else is."""

import numpy as np
import pytest
from scipy import sparse

from postcast.evaluate import importance as module
from postcast.evaluate.importance import importance
from postcast.schema import Block, FeatureSet

N_POSTS = 240
NAMES = ("text", "words", "characters", "context", "history", "neighbours", "nearest", "image")


def shown(classes, noise=0.0, seed=0):
    """Return a block whose columns say the class, as a one, beside noise."""
    random = np.random.default_rng(seed)
    return np.eye(3)[classes] + noise * random.normal(size=(len(classes), 3))


def features_of(classes, names=NAMES):
    return FeatureSet(
        blocks={name: Block(shown(classes, 0.5, place)) for place, name in enumerate(names)},
        author=classes.copy(),
        group=np.full(len(classes), -1),
    )


def reading(*names):
    """Return a classifier that reads the named blocks alone, each alike."""

    def answer(features):
        scores = np.exp(2 * sum(features.blocks[name].matrix for name in names))
        probabilities = scores / scores.sum(1, keepdims=True)
        return probabilities, probabilities.argmax(1)

    return answer


def reading_the_author(features):
    known = features.author >= 0
    probabilities = np.full((len(features), 3), 1 / 3)
    probabilities[known] = 0.1 + 0.7 * np.eye(3)[features.author[known]]
    return probabilities, probabilities.argmax(1)


@pytest.fixture
def classes():
    return np.random.default_rng(5).integers(3, size=N_POSTS)


def spans_zero(figure):
    return figure.low <= 0 <= figure.high


@pytest.mark.parametrize(
    ("block", "group"),
    [
        ("text", "text"),
        ("words", "text"),
        ("characters", "text"),
        ("context", "context"),
        ("history", "author"),
        ("neighbours", "neighbours"),
        ("nearest", "neighbours"),
        ("image", "image"),
    ],
)
def test_the_one_block_that_is_read_alone_matters(classes, block, group):
    found = importance(reading(block), features_of(classes), classes)
    assert list(found) == ["text", "context", "author", "neighbours", "image"]
    for name, one in found.items():
        if name == group:
            assert one.macro_f1_fall.low > 0.2
            assert one.log_loss_rise.low > 0.2
        else:
            assert spans_zero(one.macro_f1_fall)
            assert spans_zero(one.log_loss_rise)


def test_a_perfect_answer_falls_to_what_chance_gives(classes):
    answer = reading("text")
    sure = FeatureSet({"text": Block(100 * shown(classes))}, classes, classes)
    fall = importance(answer, sure, classes)["text"].macro_f1_fall
    assert fall.value == pytest.approx(2 / 3, abs=0.03)
    assert fall.low < 2 / 3 < fall.high


def test_blocks_of_a_group_are_swapped_together(classes):
    seen = []

    def answer(features):
        seen.append(features)
        return reading("text")(features)

    rows = np.arange(N_POSTS, dtype=np.float64)[:, None].repeat(3, 1)
    blocks = {name: Block(rows) for name in NAMES} | {"words": Block(sparse.csr_matrix(rows))}
    importance(answer, FeatureSet(blocks, np.arange(N_POSTS), classes), classes, permutations=2)
    for features in seen:
        column = {
            name: np.asarray(block.matrix[:, [0]].sum(1)).ravel()
            for name, block in features.blocks.items()
        }
        for together in (("text", "words", "characters"), ("neighbours", "nearest")):
            for name in together[1:]:
                np.testing.assert_array_equal(column[name], column[together[0]])
        np.testing.assert_array_equal(features.author, column["history"])
    assert len(seen) == 1 + 2 * 5


def test_an_authors_code_alone_counts_as_the_author(classes):
    features = features_of(classes, ("text",))
    assert importance(reading_the_author, features, classes)["author"].macro_f1_fall.low > 0.2
    assert list(importance(reading("text"), features, classes)) == ["text"]


def test_an_answer_that_reads_nothing_leans_on_nothing(classes):
    def constant(features):
        return np.full((len(features), 3), 1 / 3), np.zeros(len(features), dtype=int)

    assert importance(constant, features_of(classes, ()), classes) == {}


def test_the_seed_alone_decides(classes):
    features = features_of(classes, ("text", "context"))
    answer = reading("text", "context")
    first = importance(answer, features, classes)
    assert importance(answer, features, classes) == first
    other = importance(answer, features, classes, seed=1)
    assert other["text"].log_loss_rise.value != first["text"].log_loss_rise.value


def test_what_two_groups_both_tell_hides_either(classes):
    features = features_of(classes, ("text", "context"))
    alone = importance(reading("text"), features, classes)["text"].macro_f1_fall
    shared = importance(reading("text", "context"), features, classes)
    for one in shared.values():
        assert one.macro_f1_fall.high < alone.low


def test_the_interval_narrows_with_the_posts(classes):
    def width(rows):
        chosen = classes[:rows]
        fall = importance(reading("text"), features_of(chosen, ("text",)), chosen)["text"]
        return fall.macro_f1_fall.high - fall.macro_f1_fall.low

    assert width(240) < 0.7 * width(60)


def test_the_interval_covers_the_chance_in_the_permutations(classes):
    before, strangers = 0.5, 0.5
    shares = iter([before, strangers, *np.linspace(0.1, 0.9, 10)])

    def alike_for_all_posts(features):
        share = next(shares)
        return np.tile([share, 1 - share, 0.0], (len(features), 1)), classes

    lows = np.zeros(N_POSTS, dtype=int)
    found = importance(alike_for_all_posts, features_of(classes, ("text",)), lows, draws=200)
    rise = found["text"].log_loss_rise
    assert rise.high - rise.low > 0.3


def test_of_many_posts_a_sample_is_looked_at():
    many = np.random.default_rng(5).integers(3, size=module.MOST_POSTS + 500)
    sizes = set()

    def answer(features):
        sizes.add(len(features))
        return reading("text")(features)

    found = importance(answer, features_of(many, ("text",)), many, permutations=2, draws=50)["text"]
    assert sizes == {module.MOST_POSTS}
    assert found.posts == module.MOST_POSTS
    assert found.macro_f1_fall.low > 0.2
