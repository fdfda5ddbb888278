"""A run that learns on: newer posts enter the memory of its forecaster, and nothing is retrained.

Knows which posts may enter, and how a run is rewritten whole; how posts are remembered is known
by `postcast.learning.memory`.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.errors import ForecasterError, OutputError, PostcastError
from postcast.features.assemble import MADE_FROM_BANK
from postcast.features.nearest import NEAREST_BLOCKS
from postcast.features.retrieval import RETRIEVED
from postcast.files import alone_in, explaining_os_errors, removing_if_new, write_text
from postcast.later.newcomers import newcomers
from postcast.later.thresholds import threshold_drift
from postcast.learning.memory import remember_more
from postcast.saved import load
from postcast.storage import mend

if TYPE_CHECKING:
    from postcast.drifted import ThresholdDrift
    from postcast.features.bank import MemoryBank
    from postcast.forecaster import Forecaster
    from postcast.later.newcomers import Newcomers
    from postcast.schema import Posts

FROM_BANK = frozenset({*MADE_FROM_BANK, *NEAREST_BLOCKS, RETRIEVED})
"""What a classifier may read that comes from remembered posts."""


@dataclass(frozen=True)
class Update:
    """What an update took in, and what it left.

    Parameters
    ----------
    posts : int
        Those with a count that were given.
    taken : int
        Those that entered the memory.
    known : int
        Those that stood there already, by id, or by text and author.
    unsettled : int
        Those too young for their count to have settled, by the maturity of the training.
    strangers : int
        Those by authors whom the training did not know, and who stay unknown.
    older : int
        Of those taken, the ones published before the newest that was remembered.
    remembered : int
        The posts in the memory now.
    thresholds : ThresholdDrift
        Of the posts given that were not known before and whose counts had settled.
    out : str
        The run that holds the outcome.
    """

    posts: int
    taken: int
    known: int
    unsettled: int
    strangers: int
    older: int
    remembered: int
    thresholds: ThresholdDrift
    out: str

    @property
    def changed(self) -> bool:
        """Whether anything entered the memory."""
        return self.taken > 0

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return {**asdict(self), "changed": self.changed}


def update(run: str | Path, posts: Posts, *, out: str | Path | None = None) -> Update:
    """Take newer posts into the memory of a run's forecaster.

    History and neighbours of later posts draw on them from then on. Encoder, classifier,
    calibration, thresholds and scorecard stay those of the training. A run is rewritten whole:
    one that is killed leaves the old forecaster or the new one.

    Parameters
    ----------
    run : str or Path
        The RUN folder, or the ``forecaster`` folder in it.
    posts : Posts
        Newer posts with their counts, read by the columns of the training.
    out : str or Path, optional
        A new folder for a copy of the run that has learned on; else `run` itself does.

    Raises
    ------
    ForecasterError
        If `run` holds no forecaster.
    PostcastError
        If its classifier draws on no remembered posts, or the posts are ordered otherwise.
    OutputError
        If the outcome cannot be written, or another process is changing the run.
    """
    root = Path(run)
    check_free(out)
    with alone_in(root) if root.is_dir() else contextlib.nullcontext():
        mend(_forecaster_in(root))
        return _update(root, posts, None if out is None else Path(out))


def _update(root: Path, posts: Posts, out: Path | None) -> Update:
    forecaster = load(root)
    _run_facts(root)  # a broken one ends the work before anything is written
    check_updatable(forecaster, posts)
    found = newcomers(forecaster, posts)
    forecaster = _with_more(forecaster, found, posts)
    if out is not None:
        _write_copy(root, out, forecaster)
    elif found.taken.any():
        forecaster.save(_forecaster_in(root))
    place = out or root
    _note_in_run(place, forecaster.bank)
    return Update(
        posts=len(found.drafts),
        taken=int(found.taken.sum()),
        known=int(found.known.sum()),
        unsettled=int(found.unsettled.sum()),
        strangers=int(found.strangers.sum()),
        older=int((found.taken & found.older).sum()),
        remembered=len(forecaster.bank),
        thresholds=threshold_drift(found.outcomes, forecaster.rule),
        out=str(place),
    )


def check_updatable(forecaster: Forecaster, posts: Posts) -> None:
    """Refuse a forecaster that newer posts could not change, and posts in another order.

    Raises
    ------
    PostcastError
    """
    if not FROM_BANK & set(forecaster.senses.blocks):
        raise PostcastError(
            f"the classifier {forecaster.facts['classifier']} draws on no remembered posts: "
            "newer ones would change nothing",
            "strong, hypergraph or ensemble",
            "train again with the newer posts",
        )
    ordering = forecaster.bank.ordering
    if ordering == "none" or forecaster.bank.order is None:
        raise PostcastError(
            "nothing orders the posts that this forecaster learned from: which are newer "
            "cannot be told",
            "posts with a time, or with ids that grow",
            "train again with all posts",
        )
    if posts.source.ordering != ordering:
        raise PostcastError(
            f"posts ordered by {posts.source.ordering}",
            f"by {ordering}, as those of the training",
            "name the column with --time-col"
            if ordering == "time"
            else "give the ids as they were",
        )


def _with_more(forecaster: Forecaster, found: Newcomers, posts: Posts) -> Forecaster:
    """Return a forecaster that remembers what was taken, its baselines with it."""
    if not found.taken.any():
        return forecaster
    senses, rows = forecaster.senses, np.flatnonzero(found.taken)
    drafts = found.drafts.take(rows)
    beyond = int(senses.bank.group.max(initial=-1)) + 1
    drafts = replace(drafts, group=drafts.group + beyond)  # numbers of another table of posts
    bank = remember_more(
        senses.bank, drafts, found.counts[rows], senses.encoders.get("text"), senses.images
    )
    record = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "posts": len(rows),
        "input_sha256": posts.source.sha256,
    }
    bank = replace(bank, updates=[*bank.updates, record])
    return replace(
        forecaster,
        senses=replace(senses, bank=bank),
        baselines={
            name: replace(one, senses=replace(one.senses, bank=bank))
            for name, one in forecaster.baselines.items()
        },
    )


def _forecaster_in(root: Path) -> Path:
    """Return the folder of the forecaster: that in a run, or the folder itself."""
    return root / "forecaster" if not (root / "manifest.json").is_file() else root


def check_free(out: str | Path | None) -> None:
    """Refuse a folder that is there already, before the work.

    Raises
    ------
    OutputError
    """
    if out is not None and Path(out).exists():
        raise OutputError(f"{out} is there already", "a new folder", "choose another --out")


def _write_copy(root: Path, out: Path, forecaster: Forecaster) -> None:
    """Write a run with another forecaster, whole or not at all."""
    temporary = out.with_name(f".{out.name}.{secrets.token_hex(4)}.tmp")
    source = _forecaster_in(root)
    try:
        with explaining_os_errors(out), removing_if_new(out):
            temporary.parent.mkdir(parents=True, exist_ok=True)
            if source == root:
                forecaster.save(temporary)
            else:
                hidden = shutil.ignore_patterns("forecaster", ".*")
                shutil.copytree(root, temporary, ignore=hidden)
                forecaster.save(temporary / "forecaster")
                _note_in_run(temporary, forecaster.bank)
            temporary.rename(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _note_in_run(root: Path, bank: MemoryBank) -> None:
    """Write into ``run.json`` what the memory has taken in, which is where that is known."""
    facts = _run_facts(root)
    updates = [dict(one) for one in bank.updates]
    if facts is not None and facts.get("updates", []) != updates:
        facts["updates"] = updates
        text = json.dumps(facts, indent=2, ensure_ascii=False)
        write_text(root / "run.json", text + "\n")


def _run_facts(root: Path) -> dict[str, Any] | None:
    """Return what ``run.json`` says; None for a forecaster outside a run."""
    path = root / "run.json"
    if not path.is_file():
        return None
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (ValueError, TypeError) as error:
        raise ForecasterError(
            f"{path} is broken", "the run.json that postcast wrote", "restore it"
        ) from error
