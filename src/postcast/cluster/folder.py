"""What stands in RUN/cluster, and which stages are done by the files alone.

Knows file names and the record of what was submitted; asks no scheduler.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from postcast.errors import ClusterError, OutputError
from postcast.files import explaining_os_errors, write_text
from postcast.runs.folder import CLUSTER
from postcast.shards.manifest import MANIFEST

FORMAT = 1
"""Of submission.json; grows whenever an older postcast could no longer read it."""

SLURM, RAY = "slurm", "ray"
ENGINES = (SLURM, RAY)

PREPARE, EMBED, TRAIN, EVALUATE = "prepare", "embed", "train", "evaluate"
STAGES = (PREPARE, EMBED, TRAIN, EVALUATE)


@dataclass(frozen=True)
class Job:
    """A job that was handed to the scheduler.

    Parameters
    ----------
    stage : str
        One of `STAGES`.
    id : str
        The scheduler's own.
    """

    stage: str
    id: str


@dataclass(frozen=True)
class Submission:
    """What was submitted, and under which ids.

    Parameters
    ----------
    engine : str
    shards : int
        0 where nothing is embedded in shards: the encoder learns its words in the training.
    tasks : int
        Array tasks that share the shards: task i does shards i, i + tasks, ….
    at_once : int
        How many tasks may run at the same time.
    jobs : tuple of Job
        In the order of their submission; a later one of a stage took up what an earlier one left.
    posts : str
        From where they are read.
    others : str, optional
        Further posts that are evaluated on.
    """

    engine: str
    shards: int
    tasks: int
    at_once: int
    jobs: tuple[Job, ...] = ()
    posts: str = ""
    others: str | None = None

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages of this run, in order."""
        return tuple(stage for stage in STAGES if self.shards or stage != EMBED)

    def ids(self, stage: str | None = None) -> tuple[str, ...]:
        """Return the ids of one stage's jobs, or of all."""
        return tuple(job.id for job in self.jobs if stage in (None, job.stage))

    def to_dict(self) -> dict[str, Any]:
        """Return what stands in submission.json."""
        return {"format": FORMAT, **asdict(self)}


class ClusterFolder:
    """The folder ``cluster`` of a run.

    Parameters
    ----------
    run : Path
    """

    def __init__(self, run: Path) -> None:
        self.run = run
        self.path = self.run / CLUSTER
        self.submission = self.path / "submission.json"
        self.settings = self.path / "settings.toml"
        self.posts = self.path / "posts.parquet"
        self.rejected = self.path / "rejected.csv"
        self.manifest = self.path / "shards" / MANIFEST
        self.logs = self.path / "logs"
        self.cache = self.path / "cache"
        self.evaluation = self.path / "evaluation"

    def script(self, stage: str) -> Path:
        """Return the batch script of a stage."""
        return self.path / f"{stage}.sbatch"

    def check_free(self) -> None:
        """Refuse a run's folder in which anything stands, unless the run was submitted.

        Raises
        ------
        OutputError
        """
        run = self.run
        with explaining_os_errors(run):
            if run.exists() and not run.is_dir():
                raise OutputError(f"{run} is a file", "a folder", "choose another --out")
            if not run.is_dir() or self.submission.exists():
                return
            if any(one.name != CLUSTER for one in run.iterdir()):
                raise OutputError(
                    f"{run} holds files already", "a new or empty folder", "choose another --out"
                )

    def is_done(self, stage: str, submission: Submission) -> bool:
        """Return whether a stage's files are there; of ``embed`` the shards tell."""
        if stage == PREPARE:
            return self.posts.is_file() and (not submission.shards or self.manifest.is_file())
        if stage == TRAIN:
            finished = _json(self.run / "run.json").get("finished")
            return bool(finished) and (self.run / "forecaster" / "manifest.json").is_file()
        return (self.evaluation / "scorecard.json").is_file()

    def read(self) -> Submission:
        """Return what was submitted.

        Raises
        ------
        ClusterError
            If nothing was, or its record is broken or of a newer postcast.
        """
        try:
            told = json.loads(self.submission.read_text("utf-8"))
            jobs = tuple(Job(str(one["stage"]), str(one["id"])) for one in told["jobs"])
            shards, tasks, at_once = (int(told[name]) for name in ("shards", "tasks", "at_once"))
            if int(told["format"]) <= FORMAT:
                posts, others = told.get("posts", ""), told.get("others")
                return Submission(str(told["engine"]), shards, tasks, at_once, jobs, posts, others)
        except FileNotFoundError as error:
            raise ClusterError(
                f"nothing was submitted for {self.run}",
                f"{self.submission}",
                "run `postcast submit` first",
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ClusterError(
                f"{self.submission} is broken", "what `postcast submit` wrote"
            ) from error
        raise ClusterError(
            f"{self.submission} is of format {told['format']}",
            f"at most {FORMAT}",
            "install the newer postcast that wrote it: pip install --upgrade postcast",
        )

    def write(self, submission: Submission) -> None:
        """Record what was submitted."""
        write_text(self.submission, json.dumps(submission.to_dict(), indent=2) + "\n")


def _json(path: Path) -> Mapping[str, Any]:
    """Return the mapping in a file; an empty one where there is none."""
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return {}
