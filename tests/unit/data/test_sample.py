import hashlib

import numpy as np
import pytest

from postcast.data import sample
from postcast.data.label import classify, quantile_thresholds
from postcast.data.sample import sample_csv, sample_posts
from postcast.data.split import Rows, split

DIGEST = "f15fa9ea258fcc504c6755e3573e720ff5a638ee36e897cd2ed771f2a7fa6d10"


@pytest.fixture(scope="module")
def posts():
    return sample_posts()


@pytest.fixture(scope="module")
def learnable(posts):
    return posts.table.filter(posts.table["text"] != "")


def test_the_sample_is_the_same_bytes_every_time():
    assert sample_csv() == sample_csv()
    assert hashlib.sha256(sample_csv().encode()).hexdigest() == DIGEST


def test_it_says_that_it_is_synthetic(posts):
    assert posts.source.synthetic
    assert posts.source.name == "synthetic sample"
    assert posts.source.rows_read == 600
    assert posts.source.ordering == "time"


def test_its_traps_are_rejected(posts):
    reasons = posts.rejected["reason"].value_counts().rows()
    assert dict(reasons) == {"text is blank": 5, "count is missing": 4, "id is repeated": 3}


def test_it_looks_like_posts(learnable):
    n_words = [len(text.split()) for text in learnable["text"]]
    assert min(n_words) >= 8
    assert max(n_words) <= 25
    assert learnable["author"].n_unique() == 8
    assert learnable["group"].n_unique() >= 0.98 * len(learnable)
    assert (learnable["time"].max() - learnable["time"].min()).days > 500
    counts = learnable["engagement"]
    assert 4 <= counts.median() <= 8
    assert counts.var() > 5 * counts.mean()


def test_its_planted_effects_can_be_recovered(learnable):
    log_counts = np.log(learnable["engagement"].to_numpy() + 0.5)
    words = [set(text.lower().replace(".", " ").split()) for text in learnable["text"]]
    features = [[float(w in post) for w in sample.RAISING + sample.LOWERING] for post in words]
    evening = learnable["time"].dt.hour().is_in(list(sample.EVENING)).to_numpy()
    authors = list(sample.AUTHORS)
    is_author = np.array([[a == one for one in authors] for a in learnable["author"]])
    design = np.column_stack([features, evening, is_author]).astype(float)
    effect = np.linalg.lstsq(design, log_counts, rcond=None)[0]
    assert np.allclose(effect[:5], sample.WORD_EFFECT, atol=0.3)
    assert np.allclose(effect[5:10], -sample.WORD_EFFECT, atol=0.35)
    assert effect[10] == pytest.approx(sample.EVENING_EFFECT, abs=0.15)
    levels = effect[11:] - effect[11:].mean()
    assert np.corrcoef(levels, list(sample.AUTHORS.values()))[0, 1] > 0.95
    assert 3 < np.exp(levels.max() - levels.min()) < 5


def test_text_alone_forecasts_it_well_but_not_perfectly(posts, learnable):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score
    from sklearn.pipeline import make_pipeline

    parts = split(Rows.of(learnable, posts.source.ordering), "chronological")
    counts = learnable["engagement"].to_numpy()
    classes = classify(counts, quantile_thresholds(counts[parts.train]))
    texts = learnable["text"].to_numpy()
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10))
    model.fit(texts[parts.train], classes[parts.train])
    forecast = model.predict(texts[parts.test])
    assert 0.5 < f1_score(classes[parts.test], forecast, average="macro") < 0.7
