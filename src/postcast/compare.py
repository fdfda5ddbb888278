"""Classifiers × splits of the same posts: a leaderboard.

Knows which splits there are; how one split is run is known by `experiment`, how it is told and
drawn by `evaluate`, and what stands in the folder by `runs`.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib.util
import logging
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.data.folds import PROTOCOLS
from postcast.device import pick_device
from postcast.errors import LabelError, MissingExtraError, PostcastError, SettingsError, SplitError
from postcast.evaluate.leaderboard import (
    TFIDF_LINEAR,
    Board,
    Leaderboard,
    Trialled,
    ranked,
    standings,
)
from postcast.experiment import Contest, Trials, check_divisible, remembers, run_trials
from postcast.features.images.choice import ImageChoice, load_sense
from postcast.features.images.tally import Tally
from postcast.features.text import load_encoder, resolve_name
from postcast.files import removing_if_new
from postcast.learning.division import FORWARD
from postcast.learning.learnable import learnable
from postcast.models.choose import CLASSIFIERS, NEEDS_TORCH
from postcast.reading import encoder_choice, image_choice, read
from postcast.runs.leaderboard import UNFINISHED, Kept, question, write_leaderboard
from postcast.runs.results import check_evaluation_folder, versions
from postcast.settings import READING, Settings

if TYPE_CHECKING:
    from postcast.schema import Posts

log = logging.getLogger(__name__)

SPLITS = ("cv", "blocks", "chronological", "rolling", "unseen")

USUAL = (
    "strong", "hypergraph", "neural", "linear", TFIDF_LINEAR, "reference", "author-median",
    "majority",
)  # fmt: skip
"""Who is compared where nobody is named."""

_TOLD = (
    "encoder", "image_encoder", "pooling", "precision", "device", "seed", "target", "thresholds",
    "class_weights", "prior_correction", "maturity",
)  # fmt: skip
"""The settings that shape a comparison, beside those of reading."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be compared.

    Parameters
    ----------
    classifiers : tuple of str
        Empty for those of `USUAL` that this installation has.
    splits : tuple of str
        Some of `SPLITS`.
    repeats : int
        Of ``cv`` and ``blocks``.
    jobs : int
        Folds that are worked on at once; 0 for one a core. Changes no result.
    """

    classifiers: tuple[str, ...] = ()
    splits: tuple[str, ...] = SPLITS
    repeats: int = 1
    jobs: int = 0


def compare(source: Any, settings: Settings, wanted: Wanted, out: Path) -> Leaderboard:
    """Train and test classifiers under every split that the posts can have, and write it all.

    Parameters
    ----------
    source : Posts, path, frame or records
    settings : Settings
    wanted : Wanted
    out : Path
        The folder to write: ``compare.json``, ``compare.txt``, ``compare.html``, ``figures/``.
        A comparison that was killed goes on after the last split that it finished.

    Returns
    -------
    Leaderboard

    Raises
    ------
    PostcastError
        If a name is unknown, an extra is missing, the posts can have none of the splits, or
        the folder cannot be written.
    """
    target = "class" if settings.target == "auto" else settings.target
    resolved = replace(settings, encoder=resolve_name(settings.encoder), target=target)
    wanted = _checked(wanted, resolved.encoder)
    check_evaluation_folder(out)
    if resolved.device == "cuda":
        pick_device(resolved.device)
    encoder = load_encoder(encoder_choice(resolved))
    posts = read(source, resolved, classifiers=wanted.classifiers)
    plan, skipped = _plan(posts, resolved, wanted)
    drafts = learnable(posts, resolved.target).drafts
    if resolved.encoder != "tfidf":
        encoder.encode(drafts.texts)
    images = image_choice(resolved, drafts.image_paths, wanted.classifiers)
    sense = load_sense(images)
    if sense is not None:
        log.info("%s", Tally.of(sense, drafts.image_paths))
        resolved = replace(resolved, image_encoder=images.name)
    empty = Leaderboard(
        posts=_told_of(posts),
        encoder=resolved.encoder,
        settings=_told(resolved, wanted),
        versions=versions(),
        skipped=skipped,
    )
    contest = _contest(resolved, wanted, images)
    with removing_if_new(out):
        boards: list[Board] = []
        for trials in plan:
            kept = Kept(out / UNFINISHED / f"{trials.protocol}.json", question(empty, trials))
            boards += kept.boards() or kept.keep(_run(posts, trials, contest))
        board = replace(empty, boards=tuple(boards))
        write_leaderboard(out, board)
    return board


def _checked(wanted: Wanted, encoder: str) -> Wanted:
    """Fill in who is compared, and refuse names that mean nothing here."""
    torch_is_here = importlib.util.find_spec("torch") is not None
    names = wanted.classifiers or tuple(
        name
        for name in USUAL
        if (torch_is_here or name not in NEEDS_TORCH)
        and not (name == "linear" and encoder == "tfidf")  # it would be tfidf-linear again
    )
    _check_names("classifier", names, (*CLASSIFIERS, TFIDF_LINEAR), "--classifiers")
    _check_names("split", wanted.splits, SPLITS, "--splits")
    for name in names:
        if name in NEEDS_TORCH and not torch_is_here:
            raise MissingExtraError(
                f"the classifier {name}", "torch", "leave it out of --classifiers"
            )
    if wanted.repeats < 1 or wanted.jobs < 0:
        raise SettingsError(f"repeats {wanted.repeats}, jobs {wanted.jobs}", "1 or more of each")
    return replace(wanted, classifiers=names, splits=tuple(s for s in SPLITS if s in wanted.splits))


def _check_names(kind: str, names: Sequence[str], known: Sequence[str], option: str) -> None:
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            raise SettingsError(
                f"{kind} {name!r}",
                f"one of {', '.join(known)}",
                f"did you mean {near[0]!r}?" if near else f"choose {option}",
            )
    if len(set(names)) < len(names) or not names:
        raise SettingsError(f"{kind}s {','.join(names)!r}", "each once", f"choose {option}")


def _plan(posts: Posts, settings: Settings, wanted: Wanted) -> tuple[list[Trials], dict[str, str]]:
    """Return the splits that the posts can have, and why they cannot have the others."""
    plan: list[Trials] = []
    refused: dict[str, PostcastError] = {}
    for split in wanted.splits:
        trials = Trials(
            protocol=split,
            maturity=settings.maturity if split in FORWARD else "0",
            repeats=wanted.repeats,
            target=settings.target,
            thresholds=settings.thresholds,
            class_weights=settings.class_weights,
            prior_correction=settings.prior_correction,
            seed=settings.seed,
            device=settings.device,
        )
        try:
            check_divisible(posts, trials)
        except (SplitError, LabelError) as error:
            refused[split] = error
        else:
            plan.append(trials)
    if not plan:
        raise next(iter(refused.values()))
    skipped = {split: _why(split, error) for split, error in refused.items()}
    for split, why in skipped.items():
        log.warning("left out: %s (%s)", split, why)
    return plan, skipped


def _why(split: str, error: PostcastError) -> str:
    return f"{error.found}; {split} needs {error.expected}" if error.expected else error.found


def _contest(settings: Settings, wanted: Wanted, images: ImageChoice) -> Contest:
    return Contest(
        classifiers=wanted.classifiers,
        load=partial(load_encoder, encoder_choice(settings)),
        look=partial(load_sense, images),
        jobs=wanted.jobs or len(_cores()),
    )


def _cores() -> Collection[int]:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return range(os.cpu_count() or 1)


def _run(posts: Posts, trials: Trials, contest: Contest) -> list[Board]:
    """Return the board of a split, or of both modes of one whose test posts come later."""
    frozen = run_trials(posts, trials, contest)
    boards = [_board(trials, frozen)]
    if trials.protocol in FORWARD:
        online = replace(trials, mode="online")
        names = tuple(name for name in contest.classifiers if remembers(name))
        again = run_trials(posts, online, replace(contest, classifiers=names)) if names else {}
        boards.append(_board(online, {**frozen, **again}))
    return boards


def _board(trials: Trials, found: Mapping[str, Trialled]) -> Board:
    entries = standings(found)
    first = next(iter(found.values()))
    tested = np.concatenate([one.post for one in first.repeats])
    return Board(
        split=trials.protocol,
        mode=trials.mode,
        maturity=trials.maturity,
        description=PROTOCOLS[trials.protocol],
        n_posts=len(np.unique(tested)),
        folds=len(first.fit_seconds),
        classifiers=ranked(entries),
    )


def _told(settings: Settings, wanted: Wanted) -> dict[str, Any]:
    """Return the settings that shape the result, without those that change no byte of it."""
    reading = [f.name for f in dataclasses.fields(Settings) if f.metadata["panel"] == READING]
    known = settings.to_dict()
    return {
        "classifiers": list(wanted.classifiers),
        "splits": list(wanted.splits),
        "repeats": wanted.repeats,
        **{name: known[name] for name in (*_TOLD, *reading)},
    }


def _told_of(posts: Posts) -> dict[str, Any]:
    source = posts.source
    images = {"images_sha256": posts.images_sha256} if posts.images_sha256 else {}
    return {
        "name": source.name,
        "sha256": source.sha256,
        **images,
        "n": len(posts),
        "synthetic": source.synthetic,
    }
