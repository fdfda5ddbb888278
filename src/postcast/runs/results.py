"""What forecasts and their scoring leave on disk: tables, scorecard, pictures, report.

Knows file names and layouts; what is in them is computed elsewhere.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.csv_cells import count_cell, csv_text
from postcast.errors import OutputError
from postcast.files import (
    check_writable,
    explaining_os_errors,
    removing_if_new,
    write_text,
)
from postcast.models.distribution import Outlook
from postcast.schema import CLASSES, COUNTS, Posts
from postcast.version import __version__
from postcast.wording import visible

if TYPE_CHECKING:
    import polars as pl

    from postcast.base_rates import BaseRates
    from postcast.drifted import Drift
    from postcast.features.images.tally import Tally
    from postcast.forecaster import Forecaster
    from postcast.precision import PrecisionCost
    from postcast.runs.stages import Stages
    from postcast.schema import Forecast
    from postcast.scoring import Tested

LIBRARIES = (
    "lightgbm",
    "numpy",
    "openvino",
    "pillow",
    "polars",
    "scikit-learn",
    "torch",
    "transformers",
)


@dataclass(frozen=True)
class Story:
    """What a report tells beside the figures.

    Parameters
    ----------
    posts : Posts
    settings : mapping
        With every ``auto`` resolved.
    split_sentence : str
    warnings : tuple of str
    audit : sequence of mapping, optional
        What would give the answer away, as `postcast.audit` tells it; None where nobody looked.
    precision : PrecisionCost, optional
        What a faster precision of the encoder cost; None where it is exact.
    images : Tally, optional
        How many images were seen; None where none was looked for.
    base_rates : BaseRates, optional
        How often each class was among the posts that were learned from.
    """

    posts: Posts
    settings: Mapping[str, Any]
    split_sentence: str = (
        "Tested on posts from elsewhere, whose texts and images were not learned from."
    )
    warnings: tuple[str, ...] = ()
    audit: Sequence[Mapping[str, Any]] | None = None
    precision: PrecisionCost | None = None
    images: Tally | None = None
    base_rates: BaseRates | None = None


def versions() -> dict[str, str]:
    """Return the versions of Python, postcast and the libraries that shape the results."""
    found = {"python": platform.python_version(), "postcast": __version__}
    for name in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def write_predictions(path: Path, tested: Tested, *, raw_csv: bool = False) -> None:
    """Write ``predictions.csv``: what was forecast for each test post, and what came of it."""
    import polars as pl

    mine = tested.predictions
    counts = pl.Series("engagement", mine.engagement)
    whole = bool((counts == counts.round()).all())
    names = np.array(CLASSES)
    table = pl.DataFrame(
        {
            "id": pl.Series(list(tested.drafts.ids), dtype=pl.String),
            "author": pl.Series(list(tested.drafts.authors), dtype=pl.String),
            "engagement": counts.cast(pl.Int64) if whole else counts,
            "class": names[mine.actual],
            "forecast": names[mine.forecast],
            **{f"p_{name}": mine.probabilities[:, code] for code, name in enumerate(CLASSES)},
            **_count_columns(tested.outlook),
            "set": ["|".join(names[row]) for row in tested.sets],
            "split": ["test"] * len(tested.drafts),
        }
    )
    write_text(path, csv_of_forecasts(table, raw_csv=raw_csv))


def _count_columns(outlook: Outlook | None) -> dict[str, Any]:
    """Return expected counts and their bounds as columns."""
    if outlook is None:
        return {}
    return dict(zip(COUNTS, (outlook.expected, outlook.low, outlook.high), strict=True))


def write_forecasts(
    path: Path,
    forecasts: Sequence[Forecast],
    authors: Sequence[str | None],
    *,
    raw_csv: bool = False,
) -> None:
    """Write forecasts of drafts as CSV, one row a draft."""
    write_text(path, forecasts_csv(forecasts, authors, raw_csv=raw_csv))


def forecasts_csv(
    forecasts: Sequence[Forecast], authors: Sequence[str | None], *, raw_csv: bool = False
) -> str:
    """Return forecasts of drafts as CSV, one row a draft."""
    return csv_of_forecasts(forecasts_table(forecasts, authors), raw_csv=raw_csv)


def forecasts_table(forecasts: Sequence[Forecast], authors: Sequence[str | None]) -> pl.DataFrame:
    """Return forecasts of drafts as a table, one row a draft, counts as they are."""
    import polars as pl

    known = bool(forecasts) and all(one.expected_count is not None for one in forecasts)
    counts = {
        name: pl.Series([getattr(one, name) for one in forecasts], dtype=pl.Float64)
        for name in COUNTS
        if known
    }
    return pl.DataFrame(
        {
            "id": pl.Series([one.id for one in forecasts], dtype=pl.String),
            "author": pl.Series(list(authors), dtype=pl.String),
            "forecast": pl.Series([one.forecast for one in forecasts], dtype=pl.String),
            **{f"p_{name}": [one.probabilities[name] for one in forecasts] for name in CLASSES},
            **counts,
            "set": ["|".join(one.set) for one in forecasts],
            "too_close": [one.too_close for one in forecasts],
            "warnings": ["; ".join(one.warnings) for one in forecasts],
        }
    )


def csv_of_forecasts(table: pl.DataFrame, *, raw_csv: bool = False) -> str:
    """Return a table of forecasts as CSV, counts to six digits, whole ones as whole numbers."""
    import polars as pl

    cells = {
        name: pl.Series(map(count_cell, table[name]), dtype=pl.String)
        for name in COUNTS
        if name in table.columns
    }
    return csv_text(table.with_columns(**cells), raw=raw_csv)


def check_evaluation_folder(folder: Path) -> None:
    """Refuse, before the work, a folder that cannot be written or is a run's own.

    Raises
    ------
    OutputError
    """
    check_writable(folder)
    if (folder / "run.json").exists():
        raise OutputError(
            f"{folder} holds a run, whose own scorecard would be lost",
            "another folder",
            "choose another --out",
        )


def write_evaluation(
    folder: Path, forecaster: Forecaster, tested: Tested, story: Story, stages: Stages
) -> None:
    """Write what an evaluation on other posts found."""
    with removing_if_new(folder):
        with stages.measure("write"), explaining_os_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            raw_csv = bool(story.settings.get("raw_csv"))
            write_predictions(folder / "predictions.csv", tested, raw_csv=raw_csv)
            drawings = write_scorecard(folder, forecaster, tested)
        story = replace(story, base_rates=forecaster.base_rates())
        write_report(folder, tested, story, stages, drawings)


def write_drift(folder: Path, drift: Drift) -> None:
    """Write ``drift.json``, ``drift.txt``, ``drift.html`` and ``figures/``."""
    from postcast.evaluate.drawing import save
    from postcast.evaluate.drift_page import render_drift
    from postcast.evaluate.drift_text import drift_text
    from postcast.evaluate.plots_drift import draw_drift

    with removing_if_new(folder), explaining_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(drift.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        write_text(folder / "drift.json", text + "\n")
        write_text(folder / "drift.txt", visible(drift_text(drift)))
        drawings = {n: save(figure, n, folder / "figures") for n, figure in draw_drift(drift)}
        write_text(folder / "drift.html", render_drift(drift, drawings))


def write_scorecard(folder: Path, forecaster: Forecaster, tested: Tested) -> dict[str, str]:
    """Write ``scorecard.json``, ``scorecard.txt`` and ``figures/``; return the SVG texts."""
    from postcast.evaluate.drawing import save
    from postcast.evaluate.plots import Material, draw_all
    from postcast.evaluate.summary import scorecard_text

    card = tested.scorecard
    text = json.dumps(card.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
    write_text(folder / "scorecard.json", text + "\n")
    write_text(folder / "scorecard.txt", visible(scorecard_text(card)))
    material = Material(
        predictions=tested.predictions,
        scorecard=card,
        text_lengths=np.array([len(text) for text in tested.drafts.texts]),
        history=_history(forecaster),
    )
    drawings = {}
    for name, figure in draw_all(material):
        drawings[name] = save(figure, name, folder / "figures")
    return drawings


def _history(forecaster: Forecaster) -> Any:
    """Return the losses of a classifier that trained by epochs."""
    from postcast.evaluate.plots_training import LossHistory
    from postcast.models.base import EpochClassifier

    classifier = forecaster.classifier
    if not isinstance(classifier, EpochClassifier):
        return None
    return LossHistory(
        train=classifier.training_loss,
        validation=classifier.validation_loss,
        best_epoch=classifier.best_epoch,
        loss=classifier.loss,
    )


def write_report(
    folder: Path, tested: Tested, story: Story, stages: Stages, drawings: Mapping[str, str]
) -> None:
    """Write ``report.html`` and ``MODEL_CARD.md``."""
    from postcast.evaluate.report import ReportFacts, model_card, render_report

    reasons = story.posts.rejected["reason"].value_counts(sort=True)
    rates = story.base_rates
    facts = ReportFacts(
        title=f"postcast: {story.posts.source.name}",
        scorecard=tested.scorecard,
        split_sentence=story.split_sentence,
        rejected=dict(reasons.iter_rows()),
        stages=tuple(asdict(stage) for stage in stages.done),
        settings=story.settings,
        versions=versions(),
        warnings=story.warnings,
        audit=story.audit,
        precision=None if story.precision is None else str(story.precision),
        images=None if story.images is None else str(story.images),
        base_rates=() if rates is None else rates.rows(),
        newest=() if rates is None else rates.sentences(),
        input_name=story.posts.source.name,
    )
    write_text(folder / "report.html", render_report(facts, drawings))
    write_text(folder / "MODEL_CARD.md", model_card(facts))
