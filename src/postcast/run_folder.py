"""A run folder: what stands in it, in which order it is written, and when it may be replaced.

Knows file names and layouts; what is in them is computed elsewhere.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.errors import ForecasterError, OutputError
from postcast.files import check_writable, explaining_os_errors, removing_if_new, write_text
from postcast.schema import CLASSES, Posts, Source
from postcast.version import __version__

if TYPE_CHECKING:
    from postcast.forecaster import Forecaster
    from postcast.schema import Forecast
    from postcast.scoring import Tested
    from postcast.stages import Stages

FORMAT = 1
"""The version of the folder's layout; a reader refuses one that is newer than itself."""

LIBRARIES = ("numpy", "polars", "scikit-learn", "torch", "transformers")

IGNORED = ("cache",)
"""Settings that change no byte of the results."""


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
    """

    posts: Posts
    settings: Mapping[str, Any]
    split_sentence: str = "Tested on posts from elsewhere, none of whose texts was learned from."
    warnings: tuple[str, ...] = ()


class RunFolder:
    """One training's folder.

    Parameters
    ----------
    path : Path
    settings : mapping
        As the user gave them: with the input's hash they tell whether a run is the same.
    source : Source
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], source: Source) -> None:
        self.path = path
        columns = {role: list(names) for role, names in source.columns.items()}
        self.asked = {**settings, "columns": columns, "postcast": __version__}
        self.input_sha256 = source.sha256

    def is_finished(self) -> bool:
        """Return whether the same run stands here, whole."""
        found = self._found()
        if found is None or not self._is_same(found) or not found.get("finished"):
            return False
        return all((self.path / name).exists() for name in (*_FILES, *_FOLDERS))

    def _found(self) -> dict[str, Any] | None:
        """Return the run.json that stands here, or None."""
        path = self.path / "run.json"
        if not path.is_file():
            return None
        try:
            found = dict(json.loads(path.read_text("utf-8")))
            version = int(found.get("format", FORMAT))
            dict(found.get("asked", {}))
        except (ValueError, TypeError) as error:
            raise ForecasterError(
                f"{path} is broken", "the run.json that postcast wrote", "choose another --out"
            ) from error
        if version > FORMAT:
            raise ForecasterError(
                f"{self.path} is a run of format {version}",
                f"at most {FORMAT}",
                "install the newer postcast that wrote it, or choose another --out",
            )
        return found

    def _is_same(self, found: Mapping[str, Any]) -> bool:
        settings = {k: v for k, v in dict(found.get("asked", {})).items() if k not in IGNORED}
        asked = {k: v for k, v in self.asked.items() if k not in IGNORED}
        return settings == asked and found.get("input_sha256") == self.input_sha256

    @contextlib.contextmanager
    def writing(self, *, overwrite: bool) -> Iterator[None]:
        """Make the folder ready; a new one is removed again if an error ends the work.

        Raises
        ------
        OutputError
            If another run or anything else stands there, or it cannot be written.
        """
        with removing_if_new(self.path):
            self._make_room(overwrite=overwrite)
            write_text(self.path / "run.json", self._run_json({"finished": False}))
            yield

    def _make_room(self, *, overwrite: bool) -> None:
        with explaining_os_errors(self.path):
            if self.path.exists() and not self.path.is_dir():
                raise OutputError(f"{self.path} is a file", "a folder", "choose another --out")
            if not self.path.exists():
                return
            _remove_halves(self.path)
            if not any(self.path.iterdir()):
                return
            found = self._found()
            if found is None:
                raise OutputError(
                    f"{self.path} holds files that are not a run's",
                    "a new or empty folder, or a run",
                    "choose another --out",
                )
            if not (overwrite or self._is_same(found)):
                raise OutputError(
                    f"{self.path} holds a run of other settings or posts",
                    action="choose another --out, or give --overwrite",
                )
            for name in _FILES:
                (self.path / name).unlink(missing_ok=True)
            for name in _FOLDERS:
                shutil.rmtree(self.path / name, ignore_errors=True)

    def _run_json(self, more: Mapping[str, Any]) -> str:
        facts = {
            "format": FORMAT,
            "asked": self.asked,
            "input_sha256": self.input_sha256,
            **more,
        }
        return json.dumps(facts, indent=2, ensure_ascii=False) + "\n"

    def write(self, forecaster: Forecaster, tested: Tested, story: Story, stages: Stages) -> None:
        """Write everything, ``run.json`` last: it says that the run is whole."""
        from postcast.data.read import write_prepared, write_rejected

        with stages.measure("write"), explaining_os_errors(self.path):
            write_prepared(story.posts, self.path / "posts.parquet")
            write_rejected(story.posts, self.path / "rejected.csv")
            forecaster.save(self.path / "forecaster")
            write_predictions(self.path / "predictions.csv", tested)
            drawings = write_scorecard(self.path, forecaster, tested)
        write_report(self.path, tested, story, stages, drawings)
        more = {
            "finished": True,
            "settings": dict(story.settings),
            "versions": versions(),
            "platform": platform.platform(),
            "stages": [asdict(stage) for stage in stages.done],
            "warnings": list(story.warnings),
        }
        write_text(self.path / "run.json", self._run_json(more))


_FILES = (
    "posts.parquet",
    "rejected.csv",
    "predictions.csv",
    "scorecard.json",
    "scorecard.txt",
    "report.html",
    "run.json",
    "MODEL_CARD.md",
)
_FOLDERS = ("forecaster", "figures")


def _remove_halves(folder: Path) -> None:
    """Remove the temporary files that a killed run left."""
    for name in (*_FILES, *_FOLDERS):
        for half in (*folder.glob(f".{name}.*.tmp"), *folder.glob(f".{name}.*.old")):
            shutil.rmtree(half) if half.is_dir() else half.unlink()


def versions() -> dict[str, str]:
    """Return the versions of Python, postcast and the libraries that shape the results."""
    found = {"python": platform.python_version(), "postcast": __version__}
    for name in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def write_predictions(path: Path, tested: Tested) -> None:
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
            "set": ["|".join(names[row]) for row in tested.sets],
            "split": ["test"] * len(tested.drafts),
        }
    )
    write_text(path, table.write_csv(float_precision=6))


def write_forecasts(
    path: Path, forecasts: Sequence[Forecast], authors: Sequence[str | None]
) -> None:
    """Write forecasts of drafts as CSV, one row a draft."""
    write_text(path, forecasts_csv(forecasts, authors))


def forecasts_csv(forecasts: Sequence[Forecast], authors: Sequence[str | None]) -> str:
    """Return forecasts of drafts as CSV, one row a draft."""
    import polars as pl

    table = pl.DataFrame(
        {
            "id": pl.Series([one.id for one in forecasts], dtype=pl.String),
            "author": pl.Series(list(authors), dtype=pl.String),
            "forecast": [one.forecast for one in forecasts],
            **{f"p_{name}": [one.probabilities[name] for one in forecasts] for name in CLASSES},
            "set": ["|".join(one.set) for one in forecasts],
            "too_close": [one.too_close for one in forecasts],
            "warnings": ["; ".join(one.warnings) for one in forecasts],
        }
    )
    return table.write_csv(float_precision=6)


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
            write_predictions(folder / "predictions.csv", tested)
            drawings = write_scorecard(folder, forecaster, tested)
        write_report(folder, tested, story, stages, drawings)


def write_scorecard(folder: Path, forecaster: Forecaster, tested: Tested) -> dict[str, str]:
    """Write ``scorecard.json``, ``scorecard.txt`` and ``figures/``; return the SVG texts."""
    from postcast.evaluate.drawing import save
    from postcast.evaluate.plots import Material, draw_all
    from postcast.evaluate.summary import scorecard_text

    card = tested.scorecard
    text = json.dumps(card.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
    write_text(folder / "scorecard.json", text + "\n")
    write_text(folder / "scorecard.txt", scorecard_text(card))
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
    from postcast.models.neural import NeuralClassifier

    one = forecaster.classifier
    if not isinstance(one, NeuralClassifier):
        return None
    return LossHistory(
        train=one.training_loss, validation=one.validation_loss, best_epoch=one.best_epoch
    )


def write_report(
    folder: Path, tested: Tested, story: Story, stages: Stages, drawings: Mapping[str, str]
) -> None:
    """Write ``report.html`` and ``MODEL_CARD.md``."""
    from postcast.evaluate.report import ReportFacts, model_card, render_report

    reasons = story.posts.rejected["reason"].value_counts(sort=True)
    facts = ReportFacts(
        title=f"postcast: {story.posts.source.name}",
        scorecard=tested.scorecard,
        split_sentence=story.split_sentence,
        rejected=dict(reasons.iter_rows()),
        stages=tuple(asdict(stage) for stage in stages.done),
        settings=story.settings,
        versions=versions(),
        warnings=story.warnings,
        input_name=story.posts.source.name,
    )
    write_text(folder / "report.html", render_report(facts, drawings))
    write_text(folder / "MODEL_CARD.md", model_card(facts))
