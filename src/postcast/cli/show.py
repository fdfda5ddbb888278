"""Results on standard output, for people or as JSON.

Knows how answers are worded in a terminal; computes none of them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from postcast.cli.terminal import say, say_json, say_line
from postcast.evaluate.words import class_ranges, listed
from postcast.schema import CLASSES
from postcast.wording import about_count, counted, number_in_words

if TYPE_CHECKING:
    from postcast.data.roles import Candidate
    from postcast.forecaster import Forecaster
    from postcast.schema import Forecast, Posts
    from postcast.scorecard import Scorecard

BAR = 24
WIDTH = 88


def show_scorecard(card: Scorecard, out: Path, *, as_json: bool) -> None:
    """Print a scorecard and where the rest stands."""
    if as_json:
        say_json(card.to_dict())
        return
    from postcast.evaluate.summary import scorecard_text

    say(scorecard_text(card).rstrip())
    say()
    say_line(f"Report: {out / 'report.html'}")


def show_run(forecaster: Forecaster, out: Path, *, as_json: bool) -> None:
    """Print the scorecard of a run."""
    if forecaster.scorecard is not None:
        show_scorecard(forecaster.scorecard, out, as_json=as_json)


def show_facts(facts: Mapping[str, Any], *, as_json: bool) -> None:
    """Print facts, a line each."""
    if as_json:
        say_json(dict(facts))
        return
    width = max(map(len, facts))
    for name, value in facts.items():
        say_line(f"{name.replace('_', ' '):<{width}}  {value}")


def show_posts(posts: Posts, *, as_json: bool) -> None:
    """Print what was read, what was taken for what, and what was rejected."""
    reasons = dict(posts.rejected["reason"].value_counts(sort=True).iter_rows())
    facts: dict[str, Any] = {
        "rows_read": posts.source.rows_read,
        "posts_kept": len(posts),
        "with_text": int((posts.table["text"] != "").sum()),
        "ordered_by": posts.source.ordering,
        "columns": {role: list(names) for role, names in posts.source.columns.items()},
        "notes": list(posts.source.notes),
        "rejected": reasons,
    }
    if not as_json:
        facts["columns"] = ", ".join(
            f"{role} = {' + '.join(names)}" for role, names in posts.source.columns.items()
        )
        facts["notes"] = "; ".join(posts.source.notes) or "none"
        facts["rejected"] = ", ".join(f"{n} {reason}" for reason, n in reasons.items()) or "none"
    show_facts(facts, as_json=as_json)


def show_columns(candidates: Mapping[str, Sequence[Candidate]], *, as_json: bool) -> None:
    """Print how well each column would do for each role, best first."""
    if as_json:
        say_json({role: list(map(asdict, those)) for role, those in candidates.items()})
        return
    rows = [
        (one.role if place == 0 else "", f"{one.score:.2f}", one.name, one.why)
        for those in candidates.values()
        for place, one in enumerate(those)
    ]
    if not rows:
        say("No column has a name that is known. Name them with --text-col and --count-col.")
    width = max((len(name) for _, _, name, _ in rows), default=0)
    for role, score, name, why in rows:
        say_line(f"{role:<9} {score}  {name:<{width}}  {why}")


def show_forecast(forecaster: Forecaster, forecast: Forecast) -> None:
    """Print one forecast with what it rests on."""
    say("\n".join(forecast_lines(forecaster, forecast)) + "\n")
    say(textwrap.fill(trust(forecaster), WIDTH, break_on_hyphens=False))


def forecast_lines(forecaster: Forecaster, forecast: Forecast) -> list[str]:
    """Return one forecast as lines."""
    doubt = ", but too close to call" if forecast.too_close else ""
    lines = [f"Forecast: {forecast.forecast}{doubt}", ""]
    ranges = class_ranges(forecast.thresholds, forecaster.facts.get("target", "class"))
    width = max(map(len, ranges))
    for code, name in enumerate(CLASSES):
        p = forecast.probabilities[name]
        bar = "█" * round(p * BAR)
        share = forecaster.rule.shares[code]
        lines.append(
            f"  {name:<6} {p:>4.0%} {bar:<{BAR}} {ranges[code]:<{width}}  past posts: {share:.0%}"
        )
    lines += [f"  {sentence}" for sentence in forecaster.base_rates().sentences()]
    if forecaster.rule.coverage is not None:
        held = listed(forecast.set, "or")
        lines += ["", f"  At {forecaster.rule.coverage:.0%} coverage: {held}."]
    if forecast.expected_count is not None:
        lines += ["", f"  Expected engagement: {_told_count(forecaster, forecast)}."]
    lines += [f"  Note: {warning}." for warning in forecast.warnings]
    return lines


def _told_count(forecaster: Forecaster, forecast: Forecast) -> str:
    """Return the expected count with its bounds."""
    about = f"about {about_count(forecast.expected_count or 0.0)}"
    low, high = forecast.count_low, forecast.count_high
    if low is None or high is None or forecaster.counts is None:
        return about
    bounds = f"{number_in_words(low)} to {number_in_words(high)}"
    return f"{about}; {bounds} at {forecaster.counts.coverage:.0%} coverage"


def trust(forecaster: Forecaster) -> str:
    """Return how good this forecaster was found to be, and against what."""
    trained = None if forecaster.counts is None else forecaster.counts.rule.thresholds
    if trained is not None and trained != forecaster.rule.thresholds:
        begin = listed(number_in_words(threshold) for threshold in trained)
        return f"How good it is was measured with its own thresholds, {begin}; not with these."
    if forecaster.scorecard is None:
        return "How good it is was not measured: there is no scorecard beside the forecaster."
    from postcast.evaluate.summary import verdict

    told = verdict(forecaster.scorecard)
    n_later = sum(one["posts"] for one in forecaster.bank.updates)
    if n_later:
        told += f" That was before {counted(n_later, 'newer post')} entered its memory."
    return told
