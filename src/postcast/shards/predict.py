"""Shards of drafts, and their forecasts: divided, forecast by a worker, put together as CSV.

The worker needs a manifest, the numbers of some shards and the RUN. Knows no engine.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from postcast.device import COMPUTING
from postcast.errors import ForecasterError, ShardError
from postcast.features.assemble import drafts_of_table
from postcast.features.history import LATEST, Published
from postcast.files import replacing
from postcast.runs.results import csv_of_forecasts, forecasts_table
from postcast.saved import fingerprint, load
from postcast.shards.divide import manifest_of, write_shards
from postcast.shards.manifest import (
    PREDICT,
    RESULTS,
    Manifest,
    Work,
    read_shard,
    read_table,
    sha256_of,
)
from postcast.shards.results import Result, all_results
from postcast.shards.worker import Done, do_each
from postcast.version import __version__
from postcast.wording import counted

NEEDED = ("id", "author", "text", "tags", "category", "image", "time", "order", "group")
"""The columns of drafts from which a forecast is made."""


@dataclass(frozen=True)
class Question:
    """What is asked about drafts.

    Parameters
    ----------
    run : Path
        A RUN folder that every worker can read.
    thresholds : tuple of float, optional
        Where classes begin, if elsewhere than in the training.
    image_root : Path, optional
        From where relative paths of images start.
    independent : bool
        Whether each draft is forecast as if it came alone.
    """

    run: Path
    thresholds: tuple[float, ...] | None = None
    image_root: Path | None = None
    independent: bool = False

    def work(self, published: str | None) -> Work:
        """Return what is to be done with shards of drafts.

        Parameters
        ----------
        published : str or None
            The SHA-256 of the table of all that the drafts' authors publish.
        """
        root = None if self.image_root is None else str(self.image_root.absolute())
        thresholds = None if self.thresholds is None else list(self.thresholds)
        asked = {
            "thresholds": thresholds,
            "image_root": root,
            "independent": self.independent,
            "published": published,
        }
        told = json.dumps([fingerprint(self.run), asked, __version__], sort_keys=True)
        keys = {
            device: hashlib.sha256(f"{told} {device}".encode()).hexdigest() for device in COMPUTING
        }
        return Work(PREDICT, {"run": str(self.run.absolute()), **asked}, keys)


def make_draft_shards(
    drafts: pl.DataFrame, n_shards: int, folder: Path, question: Question, name: str
) -> Manifest:
    """Divide drafts into shards that are to be forecast.

    Parameters
    ----------
    drafts : polars.DataFrame
        As `postcast.data.read.read_drafts` returns them.
    n_shards : int
    folder : Path
        Gets ``manifest.json`` and ``shards/``; `forecast_shards` adds ``results/``.
    question : Question
    name : str
        What is divided, for people.

    Raises
    ------
    ForecasterError
        If there is no forecaster in the run.
    ShardError
        If there are fewer drafts than shards, or others stand there.
    """
    table, published = _to_divide(drafts, question)
    work = question.work(None if published is None else sha256_of(published))
    return write_shards(table, n_shards, folder, work, (name, ""), beside=published)


def draft_manifest(
    drafts: pl.DataFrame, n_shards: int, folder: Path, question: Question, name: str
) -> Manifest:
    """Return the manifest that `make_draft_shards` would write, and write nothing.

    Raises
    ------
    ForecasterError
        If there is no forecaster in the run.
    ShardError
        If there are fewer drafts than shards.
    """
    table, published = _to_divide(drafts, question)
    work = question.work(None if published is None else sha256_of(published))
    return manifest_of(table, n_shards, folder, work, (name, ""))


def _to_divide(drafts: pl.DataFrame, question: Question) -> tuple[pl.DataFrame, bytes | None]:
    """Return what shards hold, and the file of all that the drafts' authors publish."""
    if drafts["order"].null_count() == drafts.height:
        return drafts.select(NEEDED), None
    drafts = drafts.with_columns(pl.col("order").fill_null(LATEST))
    if question.independent:
        return drafts.select(NEEDED), None
    file = io.BytesIO()
    drafts.select("author", "order").write_parquet(file)
    return drafts.select(NEEDED), file.getvalue()


def forecast_shards(manifest: Manifest, indices: Iterable[int], device: str = "auto") -> Done:
    """Forecast the drafts of some shards, but for those that are done and whole.

    Parameters
    ----------
    manifest : Manifest
    indices : iterable of int
    device : {"auto", "cpu", "cuda"}
        See `place_of`.

    Raises
    ------
    ForecasterError
        If the run is missing, or is not the one that the shards were made for.
    ShardError
        If the manifest is of other work, or a shard is missing or has changed.
    OutputError
        If a result cannot be written.
    """
    manifest.check_kind(PREDICT)
    question, published = _question(manifest)
    place = place_of(device)
    if question.work(published).keys[place] != manifest.work.keys[place]:
        raise ForecasterError(
            f"the forecaster in {question.run} has changed, or was saved by another postcast",
            "the one that the shards were made for",
            "make the shards again",
        )
    forecaster = load(question.run, device=device)
    if question.thresholds is not None:
        forecaster = forecaster.moved(question.thresholds)
    everyone = None if published is None else _published(manifest, published)

    def forecast(index: int) -> Result:
        drafts = drafts_of_table(read_shard(manifest, index), question.image_root)
        if question.independent:
            drafts = drafts.independent()
        else:
            drafts = replace(drafts, published=everyone)
        file = io.BytesIO()
        forecasts_table(forecaster.forecast(drafts), drafts.authors).write_parquet(file)
        return Result(np.frombuffer(file.getvalue(), dtype=np.uint8))

    return do_each(manifest, indices, place, lambda some: map(forecast, some))


def place_of(device: str) -> str:
    """Return where a saved encoder computes: on a GPU only where that is asked for."""
    return "cuda" if device == "cuda" else "cpu"


def _question(manifest: Manifest) -> tuple[Question, str | None]:
    asked = manifest.work.asked
    thresholds, root = asked["thresholds"], asked["image_root"]
    question = Question(
        Path(asked["run"]),
        None if thresholds is None else tuple(thresholds),
        None if root is None else Path(root),
        asked["independent"],
    )
    return question, asked["published"]


def _published(manifest: Manifest, sha256: str) -> Published:
    """Return when the authors of all drafts publish, which each forecast depends on."""
    table = read_table(manifest, sha256, "the table of when authors publish")
    return Published(table["author"].to_list(), table["order"].to_numpy())


def gather_forecasts(manifest: Manifest, out: Path, *, raw_csv: bool = False) -> int:
    """Write all forecasts as one CSV file, the bytes of forecasts that were made together.

    Returns
    -------
    int
        How many forecasts.

    Raises
    ------
    ShardError
        If a result is missing or broken, or has not one forecast a draft; those are named.
    OutputError
        If the file cannot be written.
    """
    manifest.check_kind(PREDICT)
    results = all_results(manifest)
    n_forecasts = 0
    with replacing(out) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        for index, result in enumerate(results):
            table = _table(manifest, index, result)
            header, _, rows = csv_of_forecasts(table, raw_csv=raw_csv).partition("\n")
            file.write(rows if index else f"{header}\n{rows}")
            n_forecasts += table.height
    return n_forecasts


def _table(manifest: Manifest, index: int, result: Result) -> pl.DataFrame:
    """Return the forecasts of a shard, one a draft."""
    table = pl.read_parquet(io.BytesIO(result.array.tobytes()))
    n_drafts = manifest.shards[index].n_posts
    if table.height != n_drafts:
        raise ShardError(
            f"the result of shard {index} holds {counted(table.height, 'forecast')}",
            f"{n_drafts:,}, one a draft",
            f"remove what stands in {manifest.folder / RESULTS} and forecast again",
        )
    return table
