from __future__ import annotations

import re
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest

from postcast.evaluate.drawing import save, styled, svg_text, title_of
from postcast.evaluate.plots import LossHistory, Material, draw_all
from postcast.scorecard import Estimate

OF_TRAINING = {f"training_loss_{kind}" for kind in ("line", "scatter", "bar", "histogram", "box")}
ALWAYS = {
    "confusion_matrix",
    "confusion_matrix_bar",
    "confusion_matrix_share",
    "classification_report_bar",
    "class_metrics_bar",
    "stacked_histogram",
    "stacked_bar",
    "predicted_distribution",
    "importance",
    "text_length_engagement",
    "calibration",
}
HISTORY = LossHistory(
    train=tuple(1.1 - 0.03 * epoch for epoch in range(24)),
    validation=tuple(1.0 + 0.001 * (epoch - 9) ** 2 for epoch in range(24)),
    best_epoch=10,
)


def material(posts, card, history=None):
    return Material(
        predictions=posts,
        scorecard=card,
        text_lengths=np.arange(len(posts.actual)) * 3 % 200,
        history=history,
    )


@pytest.fixture(scope="module")
def drawn(posts, scorecard):
    return dict(draw_all(material(posts, scorecard, HISTORY)))


def test_the_list_is_complete_with_and_without_epochs(predict, scorecard, drawn):
    assert set(drawn) == OF_TRAINING | ALWAYS
    assert {name for name, _ in draw_all(material(predict(), scorecard))} == ALWAYS


@pytest.mark.parametrize(
    "history",
    [
        LossHistory(train=(), best_epoch=1),
        LossHistory(train=(float("nan"),), best_epoch=1),
        LossHistory(train=(1.0, 0.9), validation=(1.0,), best_epoch=1),
    ],
)
def test_a_history_that_cannot_be_drawn_is_left_out(predict, scorecard, history):
    assert {n for n, _ in draw_all(material(predict(), scorecard, history))} == ALWAYS


@pytest.mark.parametrize("epochs", [1, 7, 350])
def test_any_number_of_epochs_is_drawn(predict, scorecard, epochs, tmp_path):
    history = LossHistory(train=(0.5,) * epochs, best_epoch=epochs)
    pictures = dict(draw_all(material(predict(), scorecard, history)))
    for name in OF_TRAINING:
        svg_text(pictures[name], name)


@pytest.mark.parametrize("n_posts", [1, 5, 2500])
def test_any_number_of_posts_is_drawn_without_a_warning(predict, score, n_posts):
    posts = predict(n_posts)
    card = score(posts, {"majority": predict(n_posts, 0.0, seed=3)})
    for name, figure in draw_all(material(posts, card)):
        assert svg_text(figure, name).startswith("<svg ")


def test_titles_say_what_is_seen(predict, score):
    posts = predict()
    perfect = type(posts)(posts.actual, posts.actual, np.eye(3)[posts.actual], posts.engagement)
    titles = {
        name: title_of(figure)
        for name, figure in draw_all(material(perfect, score(perfect, {}), HISTORY))
    }
    assert titles["confusion_matrix"] == "60 of 60 posts were forecast right"
    assert titles["confusion_matrix_share"] == "Every class is found equally often (100%)"
    assert titles["training_loss_line"].startswith("Epoch 10 of 24 was kept")
    assert "lowest in epochs 1–10" in titles["training_loss_bar"]
    assert "given 100% on average and right 100%" in titles["calibration"]


@pytest.mark.parametrize(
    ("falls", "title"),
    [
        ({"author": 0.08, "text": 0.02}, "Swapping the author between posts lowers macro-F1 most"),
        ({"text": 0.08}, "Swapping the text between posts lowers macro-F1 by 0.08"),
        ({"image": 0.08}, "Swapping image between posts lowers macro-F1 by 0.08"),
        ({"text": 0.0, "author": -0.02}, "Nothing that posts swap clearly lowers macro-F1"),
    ],
)
def test_what_is_leaned_on_most_stands_first_with_its_figure(predict, score, lean, falls, title):
    found = {group: lean(Estimate(f, f - 0.01, f + 0.01)) for group, f in falls.items()}
    posts = predict()
    figure = dict(draw_all(material(posts, score(posts, {}, importance=found))))["importance"]
    assert title_of(figure).startswith(title)
    drawn = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert drawn == sorted(falls, key=falls.get, reverse=True)
    assert figure.axes[0].yaxis_inverted()
    assert {text.get_text() for text in figure.axes[0].texts} == {
        f"{f:.3f}" for f in falls.values()
    }


def test_a_forecaster_that_reads_nothing_has_no_picture_of_what_it_leans_on(predict, score):
    card = score(predict(), {}, importance={})
    assert {name for name, _ in draw_all(material(predict(), card))} == ALWAYS - {"importance"}


def test_synthetic_posts_are_marked_in_every_picture(predict, score):
    posts = predict()
    card = score(posts, {}, synthetic=True)
    for name, figure in draw_all(material(posts, card, HISTORY)):
        assert "synthetic posts" in svg_text(figure, name), name


def test_the_same_input_gives_the_same_bytes(predict, scorecard, tmp_path):
    def written(folder):
        elements = {
            name: save(figure, name, tmp_path / folder)
            for name, figure in draw_all(material(predict(), scorecard, HISTORY))
        }
        files = {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}
        return files | elements

    first = written("first")
    assert first == written("second")
    assert len(first) == 3 * len(OF_TRAINING | ALWAYS)
    assert not list((tmp_path / "first").glob(".*"))


def test_a_saved_svg_stands_alone_and_names_itself(drawn, tmp_path):
    element = save(drawn["calibration"], "calibration", tmp_path)
    png, svg = tmp_path / "calibration.png", tmp_path / "calibration.svg"
    assert element == svg_text(drawn["calibration"], title_of(drawn["calibration"]))
    root = ElementTree.fromstring(svg.read_text(encoding="utf-8"))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("role") == "img"
    assert root.get("aria-label") == title_of(drawn["calibration"])
    assert root[0].text == root.get("aria-label")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert b"Matplotlib" not in png.read_bytes()


def test_text_in_an_svg_stays_text(drawn):
    assert "forecast popularity class</text>" in svg_text(drawn["confusion_matrix"], "")


def test_inline_pictures_share_no_id_and_refer_to_their_own(drawn):
    seen: set[str] = set()
    for name, figure in drawn.items():
        svg = svg_text(figure, name)
        own = re.findall(r'\sid="([^"]+)"', svg)
        assert len(own) == len(set(own))
        assert not seen & set(own)
        seen |= set(own)
        used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
        assert used == set(own), name
        assert "http" not in svg
        assert "<style" not in svg
        assert "<?xml" not in svg


def test_a_description_is_escaped(drawn):
    svg = svg_text(drawn["calibration"], '"><script>alert(1)</script>\x00')
    assert "<script" not in svg
    ElementTree.fromstring(svg)


def test_the_users_own_matplotlib_settings_stay_and_do_not_matter(predict, scorecard):
    def matrix():
        return next(iter(draw_all(material(predict(), scorecard))))[1]

    before = svg_text(matrix(), "x")
    with mpl.rc_context({"font.size": 20, "axes.facecolor": "red"}):
        assert svg_text(matrix(), "x") == before
        assert mpl.rcParams["font.size"] == 20
    with styled():
        assert mpl.rcParams["svg.fonttype"] == "none"
    assert mpl.rcParams["svg.fonttype"] == mpl.rcParamsDefault["svg.fonttype"]
