from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from postcast.evaluate.report import CAPTIONS, ReportFacts, model_card, render_report
from postcast.evaluate.summary import scorecard_text, verdict
from postcast.evaluate.words import share_told
from postcast.schema import CLASSES
from postcast.scorecard import Estimate, Scorecard

HOSTILE = "\"><script>alert('x')</script>|`<b>"
SVG = '<svg viewBox="0 0 9 9" role="img" aria-label="a"><title>a</title></svg>'
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """Checks that every element is closed, and keeps what the page is made of."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def facts(scorecard, **given):
    return ReportFacts(
        **{
            "title": "Spring pins",
            "input_name": "pins.csv",
            "scorecard": scorecard,
            "split_sentence": "The newest posts were kept for testing.",
            "rejected": {"no text": 12},
            "stages": [
                {"name": "train", "seconds": 1.5, "posts_per_second": None, "peak_rss_mb": 210.0}
            ],
            "settings": {"seed": 42, "text_col": ["a", "b"], "overwrite": False},
            "versions": {"postcast": "0.1.0"},
            "warnings": ("Few authors.",),
        }
        | given
    )


def ahead_by(scorecard, **differences):
    return replace(
        scorecard,
        baselines=dict.fromkeys(differences, scorecard.baselines["majority"]),
        differences={name: {"macro_f1": figure} for name, figure in differences.items()},
    )


def test_the_verdict_praises_what_is_clearly_above_every_baseline(scorecard):
    card = ahead_by(scorecard, majority=Estimate(0.2, 0.1, 0.3), tfidf_linear=Estimate(0.2, 0.01))
    said = verdict(card)
    assert said.startswith("Macro-F1 0.")
    assert "on 60 later posts it had never seen; the best baseline" in said
    assert "not" not in said.replace("another", "")


@pytest.mark.parametrize(
    ("difference", "opening"),
    [
        (Estimate(-0.01, -0.05, 0.03), "This forecaster does not beat the author median baseline"),
        (Estimate(0.0, 0.0, 0.0), "This forecaster does not beat the author median baseline"),
        (Estimate(0.02, 0.0, 0.05), "This forecaster does not clearly beat the author median"),
        (Estimate(), "This forecaster does not beat the author median baseline"),
    ],
)
def test_the_verdict_opens_with_a_baseline_that_is_not_beaten(scorecard, difference, opening):
    card = ahead_by(scorecard, majority=Estimate(0.2, 0.1, 0.3), author_median=difference)
    assert verdict(card).startswith(opening)
    assert scorecard_text(card).startswith(opening[:60])
    page = render_report(facts(card), {})
    assert f"<h1>{opening}" in page
    assert opening in model_card(facts(card)).splitlines()[2]


def test_the_verdict_names_every_baseline_not_beaten_the_nearest_rival_first(scorecard):
    card = ahead_by(
        scorecard, majority=Estimate(0.1, -0.1, 0.3), tfidf_linear=Estimate(-0.1, -0.2, 0.1)
    )
    assert "does not beat the TF-IDF + linear and majority baselines" in verdict(card)


def test_the_verdict_says_so_where_posts_are_synthetic_or_not_later(scorecard):
    assert "60 synthetic posts" in verdict(replace(scorecard, synthetic=True, split="stratified"))


def test_a_baseline_is_not_compared_with_itself(scorecard):
    clear, none = Estimate(0.2, 0.1, 0.3), Estimate(0.0, 0.0, 0.0)
    ahead = ahead_by(scorecard, majority=clear, author_median=clear, tfidf_linear=none)
    assert "TF-IDF + linear" in verdict(ahead)
    itself = replace(ahead, classifier="linear", encoder="tfidf")
    assert verdict(itself).startswith("Macro-F1")
    assert verdict(itself).endswith("It is the TF-IDF + linear baseline itself.")
    majority = replace(ahead, classifier="majority")
    assert verdict(majority).endswith("It is the majority baseline itself.")


def test_the_scorecard_as_text_fits_a_terminal(scorecard):
    card = ahead_by(
        replace(scorecard, encoder="/models/" + "long " * 30, spearman=Estimate(-0.5, -0.9, -0.1)),
        majority=Estimate(0.1, -0.1, 0.3),
        author_median=Estimate(0.1, -0.1, 0.3),
        tfidf_linear=Estimate(0.1, -0.1, 0.3),
    )
    lines = scorecard_text(card).splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 88
    assert all(any(line.startswith(name) for line in lines) for name in CLASSES)


def test_a_scorecard_survives_json(scorecard):
    assert Scorecard.from_dict(json.loads(json.dumps(scorecard.to_dict()))) == scorecard


def test_an_older_scorecard_without_importance_is_read(scorecard):
    older = scorecard.to_dict()
    del older["importance"]
    assert Scorecard.from_dict(older) == replace(scorecard, importance={})


def test_an_older_scorecard_whose_shares_have_no_bounds_is_shown_without(scorecard):
    older = scorecard.to_dict()
    older["coverage"] = {"asked": 0.9, "all": 0.88, "high": None}
    for row in older["per_class"].values():
        for end in ("precision_low", "precision_high", "recall_low", "recall_high"):
            del row[end]
    read = Scorecard.from_dict(older)
    assert [share_told(read.coverage[name]) for name in older["coverage"]] == ["90%", "88%", "–"]
    precision = read.per_class["low"].precision
    assert str(read.per_class["low"].estimate("precision")) == f"{precision:.3f}"


def test_what_the_forecast_leans_on_is_told_with_intervals_everywhere(scorecard):
    page, text, card = (
        render_report(facts(scorecard), {"importance": SVG}),
        scorecard_text(scorecard),
        model_card(facts(scorecard)),
    )
    section = page.split("What the forecast leans on</h2>")[1].split("</section>")[0]
    assert (
        "Macro-F1 falls by 0.080 [0.050, 0.110] when every post gets another post&#39;s author:"
        in (section)
    )
    rows = re.findall(r'<th scope="row">(\w+)', section)
    assert rows == ["author", "text"]
    assert section.count("[0.012, 0.052]") == 2
    assert SVG in section
    assert re.search(r"^author +0\.080 \[0\.050, 0\.110\] +0\.031 \[0\.012, 0\.052\]$", text, re.M)
    assert "author 0.080 [0.050, 0.110]; text 0.010 [-0.020, 0.040]." in card


def test_a_fall_that_chance_could_cause_is_told_as_one(scorecard, lean):
    doubtful = replace(scorecard, importance={"text": lean(Estimate(0.01, -0.02, 0.04))})
    assert "which chance alone could do" in render_report(facts(doubtful), {})
    assert "which chance alone could do" not in render_report(facts(scorecard), {})


def test_a_sample_of_the_test_posts_is_told_as_one(scorecard, lean):
    sampled = {"text": lean(Estimate(0.01, -0.02, 0.04), posts=50)}
    assert "another's, on a sample of 50\n" in scorecard_text(
        replace(scorecard, importance=sampled)
    )
    assert "forecasts of 50 test posts" in render_report(
        facts(replace(scorecard, importance=sampled)), {}
    )
    assert "on a sample" not in scorecard_text(scorecard)


def test_a_forecaster_that_reads_nothing_has_no_such_section(scorecard):
    bare = replace(scorecard, importance={})
    told = render_report(facts(bare), {}) + model_card(facts(bare)) + scorecard_text(bare)
    assert not re.search("leans on", told, re.IGNORECASE)


def test_the_page_is_whole_and_the_same_each_time(scorecard):
    figures = dict.fromkeys(CAPTIONS, SVG)
    page = render_report(facts(scorecard), figures)
    assert page == render_report(facts(scorecard), figures)
    parsed = Page(page.removeprefix("<!DOCTYPE html>"))
    assert page.startswith("<!DOCTYPE html>")
    assert parsed.tags.count("h1") == 1
    assert parsed.tags.count("svg") == parsed.tags.count("figcaption") == len(CAPTIONS)
    assert parsed.tags.count("table") == parsed.tags.count("caption")
    assert all(tag == "th" for tag, name, _ in parsed.attributes if name == "scope")
    assert ("html", "lang", "en") in parsed.attributes
    assert "prefers-color-scheme: dark" in page
    ids = [value for _, name, value in parsed.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_the_page_asks_for_nothing_from_elsewhere(scorecard):
    page = render_report(facts(scorecard), dict.fromkeys(CAPTIONS, SVG))
    assert not re.search(r"""(src|href|action|srcset|poster)\s*=\s*["']?(?!#|data:)""", page)
    assert not re.search(r"url\((?!#)|@import|<script|<link|<iframe|<object|http", page)


def test_what_users_give_is_escaped_wherever_it_stands(scorecard):
    page = render_report(
        facts(
            replace(
                scorecard,
                encoder=HOSTILE,
                classifier=HOSTILE,
                importance={HOSTILE: scorecard.importance["author"]},
            ),
            title=HOSTILE,
            input_name=HOSTILE,
            split_sentence=HOSTILE,
            rejected={HOSTILE: 1},
            stages=[
                {"name": HOSTILE, "seconds": 1, "posts_per_second": 1, "peak_rss_mb": 1},
            ],
            settings={HOSTILE: HOSTILE, "list": [HOSTILE]},
            versions={HOSTILE: HOSTILE},
            warnings=(HOSTILE,),
        ),
        {HOSTILE: SVG},
    )
    parsed = Page(page.removeprefix("<!DOCTYPE html>"))
    assert "script" not in parsed.tags
    assert "b" not in parsed.tags
    assert page.count("&lt;script&gt;") + page.count("&lt;Script&gt;") >= 14


def test_hostile_names_stay_on_their_line_of_the_model_card(scorecard):
    card = model_card(facts(scorecard, title="a\n# b" + HOSTILE, warnings=("x\n\n## y",)))
    assert card.startswith("# a \\# b")
    assert "<script" not in card
    assert "\n## y" not in card


def test_the_model_card_has_the_usual_sections(scorecard):
    sections = re.findall(r"^## (.+)$", model_card(facts(scorecard)), re.M)
    assert sections == [
        "What it is",
        "Intended use",
        "Not for",
        "Training data",
        "Evaluation",
        "Limits",
        "How to load",
    ]
    assert "| macro-F1 | higher | " in model_card(facts(scorecard))


def test_what_a_run_holds_of_the_posts_is_said(scorecard):
    closed = facts(scorecard, settings={"no_posts": True})
    for told in (render_report(closed, {}), model_card(closed)):
        assert "no text, name or id of any" in " ".join(told.split())
    for told in (render_report(facts(scorecard), {}), model_card(facts(scorecard))):
        assert "no text, name or id of any" not in " ".join(told.split())
    assert "whoever has it can read them" in model_card(facts(scorecard))


def test_a_bare_run_is_rendered_too(score, predict):
    posts = predict(5)
    card = score(posts, {}, claims=(), coverage={}, thresholds=(), synthetic=True)
    bare = ReportFacts(title="t", input_name="i", scorecard=card, split_sentence="s.")
    page = render_report(bare, {})
    Page(page.removeprefix("<!DOCTYPE html>"))
    assert "made up to show how postcast works" in page
    assert "no baseline was scored" in page
    assert "synthetic posts" in model_card(bare)


def test_what_would_give_the_answer_away_is_a_table_with_the_scores(scorecard):
    figures = {"value": 0.6, "low": 0.5, "high": 0.7}, {"value": 0.4, "low": None, "high": None}
    finding = {
        "says": f"Column {HOSTILE!r} tells all",
        "dealt_with": "postcast does not read it",
        "is_leak": True,
        "is_allowed": False,
        "worth": dict(zip(("with", "without"), figures, strict=True)),
    }
    page = render_report(facts(scorecard, audit=[finding]), {})
    Page(page)
    assert "<script" not in page
    told = page.partition('<h2 id="giveaways">')[2].partition("</section>")[0]
    assert "tells all; postcast does not read it." in told
    assert '0.600 <span class="interval">[0.500, 0.700]</span>' in told
    assert "<td>0.400</td>" in told
    assert "giveaways" not in render_report(facts(scorecard), {})
    assert "Nothing was found" in render_report(facts(scorecard, audit=[]), {})
