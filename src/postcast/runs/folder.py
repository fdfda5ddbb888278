"""A run folder: what stands in it, in which order it is written, and when it may be replaced.

Knows file names and layouts; what is in them is computed elsewhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from postcast.errors import ForecasterError, OutputError
from postcast.files import explaining_os_errors, in_turn, removing_if_new, write_text
from postcast.runs.results import Story, versions, write_predictions, write_report, write_scorecard
from postcast.schema import Source
from postcast.version import __version__

if TYPE_CHECKING:
    from postcast.forecaster import Forecaster
    from postcast.runs.stages import Stages
    from postcast.scoring import Tested

log = logging.getLogger(__name__)

FORMAT = 1
"""The version of the folder's layout; a reader refuses one that is newer than itself."""


IGNORED = ("cache", "jobs", "track")
"""Settings that change no byte of the results."""

CHECKPOINTS = "checkpoints"
"""A folder in it, while it is not finished."""

CLUSTER = "cluster"
"""A folder in it that is no part of it: what a scheduler was given, and its logs."""

HASHES = ("input_sha256", "images_sha256")


def run_sha256(found: Mapping[str, Any]) -> str:
    """Return what tells runs apart: a digest of what was asked, and of what from.

    Parameters
    ----------
    found : mapping
        A run.json.
    """
    asked = {k: v for k, v in dict(found.get("asked", {})).items() if k not in IGNORED}
    told = {"asked": asked, **{name: found[name] for name in HASHES if name in found}}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


class RunFolder:
    """One training's folder.

    Parameters
    ----------
    path : Path
    settings : mapping
        As the user gave them: with the input's hashes they tell whether a run is the same.
    source : Source
    images_sha256 : str
        Hash of what was read from image files; empty where nothing was.
    """

    def __init__(
        self, path: Path, settings: Mapping[str, Any], source: Source, images_sha256: str = ""
    ) -> None:
        self.path = path
        columns = {role: list(names) for role, names in source.columns.items()}
        self.asked = {**settings, "columns": columns, "postcast": __version__}
        self.input = {"input_sha256": source.sha256}
        if images_sha256:
            self.input["images_sha256"] = images_sha256
        self.checkpoints = path / CHECKPOINTS
        self._was_finished = False

    @property
    def sha256(self) -> str:
        """What tells this run from others; see `run_sha256`."""
        return run_sha256(json.loads(json.dumps({"asked": self.asked, **self.input})))

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
        return run_sha256(found) == self.sha256

    def remove_checkpoints(self) -> None:
        """Remove what only an unfinished training has a use for."""
        shutil.rmtree(self.checkpoints, ignore_errors=True)

    @contextlib.contextmanager
    def writing(self, *, overwrite: bool) -> Iterator[None]:
        """Make the folder ready; a new one is removed again if an error ends the work.

        It stays where a training has left checkpoints in it.

        Raises
        ------
        OutputError
            If another run or anything else stands there, or it cannot be written.
        """
        self._was_finished = self.is_finished()
        with removing_if_new(self.path, unless=self.checkpoints):
            if self._is_free(overwrite=overwrite):
                self._begin()
            yield

    def _begin(self) -> None:
        """Say whose folder this is, before anything else stands in it."""
        write_text(self.path / "run.json", self._run_json({"finished": False}))

    def _is_free(self, *, overwrite: bool) -> bool:
        """Return whether nothing stands here; refuse what may not be replaced."""
        with explaining_os_errors(self.path):
            if self.path.exists() and not self.path.is_dir():
                raise OutputError(f"{self.path} is a file", "a folder", "choose another --out")
            if not self.path.exists():
                return True
            _remove_halves(self.path)
            if all(one.name == CLUSTER for one in self.path.iterdir()):
                return True
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
                    action="choose another --out, or give --overwrite (run and train)",
                )
            return False

    def _run_json(self, more: Mapping[str, Any]) -> str:
        facts = {
            "format": FORMAT,
            "asked": self.asked,
            **self.input,
            **more,
        }
        return json.dumps(facts, indent=2, ensure_ascii=False) + "\n"

    def write(self, forecaster: Forecaster, tested: Tested, story: Story, stages: Stages) -> None:
        """Write everything, ``run.json`` last: it says that the run is whole.

        What stood here before goes only now, when there is something to put in its place. Of two
        processes that train the same run, as after a requeue whose first script lives on, the
        first to end writes it.
        """
        with in_turn(self.path):
            if self.is_finished() and not self._was_finished:
                log.info("%s was finished by another process meanwhile", self.path)
            else:
                self._write(forecaster, tested, story, stages)

    def _write(self, forecaster: Forecaster, tested: Tested, story: Story, stages: Stages) -> None:
        from postcast.data.read import write_prepared, write_rejected

        with stages.measure("write"), explaining_os_errors(self.path):
            self._begin()
            _remove_old(self.path)
            write_prepared(story.posts, self.path / "posts.parquet")
            raw_csv = bool(story.settings.get("raw_csv"))
            write_rejected(story.posts, self.path / "rejected.csv", raw_csv=raw_csv)
            forecaster.save(self.path / "forecaster")
            write_predictions(self.path / "predictions.csv", tested, raw_csv=raw_csv)
            drawings = write_scorecard(self.path, forecaster, tested)
        story = replace(story, base_rates=forecaster.base_rates())
        write_report(self.path, tested, story, stages, drawings)
        more = {
            "finished": True,
            "settings": dict(story.settings),
            "versions": versions(),
            "platform": platform.platform(),
            "stages": [asdict(stage) for stage in stages.done],
            "warnings": list(story.warnings),
            "audit": list(story.audit or ()),
            "images": None if story.images is None else story.images.to_dict(),
            "precision_cost": None if story.precision is None else story.precision.to_dict(),
        }
        write_text(self.path / "run.json", self._run_json(more))
        self.remove_checkpoints()


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


def _remove_old(folder: Path) -> None:
    """Remove what an earlier run left, but for the ``run.json`` that stands for the new one."""
    for name in _FILES:
        if name != "run.json":
            (folder / name).unlink(missing_ok=True)
    for name in _FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)


def _remove_halves(folder: Path) -> None:
    """Remove the temporary files that a killed run left."""
    for name in (*_FILES, *_FOLDERS):
        for half in (*folder.glob(f".{name}.*.tmp"), *folder.glob(f".{name}.*.old")):
            shutil.rmtree(half) if half.is_dir() else half.unlink()
