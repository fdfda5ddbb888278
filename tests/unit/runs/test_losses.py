"""The losses of every classifier that trains by epochs are drawn."""

from __future__ import annotations

import importlib.util
import itertools

import pytest
from bench.shapes import FULL, posts_of
from bench.small_models import small_models

from postcast import train
from postcast.evaluate.plots import draw_all
from postcast.models.choose import NEEDS_TORCH

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="SKIPPED: the extra [torch] is not installed"
)

LOSSES = {f"training_loss_{kind}" for kind in ("line", "scatter", "bar", "histogram", "box")}


@pytest.mark.parametrize("classifier", [*NEEDS_TORCH, "linear"])
def test_losses_are_drawn_where_there_are_epochs(classifier, tmp_path, monkeypatch):
    def first_pictures(material):
        return itertools.islice(draw_all(material), len(LOSSES))

    settings = {"classifier": classifier, "encoder": "tfidf", "device": "cpu"}
    with small_models(draws_figures=True):
        monkeypatch.setattr("postcast.evaluate.plots.draw_all", first_pictures)
        train(posts_of(FULL, 60), settings, out=tmp_path / "RUN")
    drawn = {path.stem for path in (tmp_path / "RUN" / "figures").glob("*.svg")}
    assert drawn & LOSSES == (LOSSES if classifier in NEEDS_TORCH else set())
    assert (tmp_path / "RUN" / "report.html").read_text().count("training_loss_line") > 0 or (
        classifier not in NEEDS_TORCH
    )
