"""Classifiers × splits: every classifier on the same rows, folds and memories.

Knows how one protocol is run; what is compared with what is chosen by its callers.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

from postcast.data.folds import PROTOCOLS, folds
from postcast.data.order import parse_maturity
from postcast.data.split import MIN_TRAIN
from postcast.errors import SettingsError, SplitError
from postcast.evaluate.leaderboard import TFIDF_LINEAR, Trialled, joined
from postcast.features.tfidf import TfidfEncoder
from postcast.learning.division import FORWARD, How, arrange
from postcast.learning.fitting import ENCODED, make_forecaster, open_workshop
from postcast.learning.learnable import Outcomes, learnable
from postcast.learning.unlearned import informed
from postcast.models.choose import CLASSIFIERS, READS, TEXT_ALONE, Recipe
from postcast.progress import bar_is_hidden
from postcast.scoring import foretell
from postcast.wording import counted

if TYPE_CHECKING:
    from postcast.data.split import Split
    from postcast.features.images.sense import ImageSense
    from postcast.features.text import TextEncoder
    from postcast.learning.division import Division
    from postcast.learning.learnable import Learnable
    from postcast.schema import Posts, Predictions, Source

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Trials:
    """How posts are to be split, and how often.

    Parameters
    ----------
    protocol : str
        One of `postcast.data.folds.PROTOCOLS`.
    mode : {"frozen", "online"}
    maturity : str
        As `postcast.data.order.parse_maturity` reads it.
    repeats : int
        Of ``cv`` and ``blocks``.
    target : {"class", "count", "relative"}
    thresholds : tuple of float
        Empty for the terciles of each fold's training posts.
    class_weights, prior_correction : str
        See `postcast.models.choose.Recipe`.
    seed : int
    device : {"auto", "cpu", "cuda"}
    """

    protocol: str = "cv"
    mode: str = "frozen"
    maturity: str = "0"
    repeats: int = 5
    target: str = "class"
    thresholds: tuple[float, ...] = ()
    class_weights: str = "balanced"
    prior_correction: str = "auto"
    seed: int = 42
    device: str = "auto"

    def how(self) -> How:
        """Return how each split is labelled and what is known in it."""
        return How(
            protocol="reference" if self.protocol == "reference" else "postcast",
            maturity=self.maturity,
            mode=self.mode,
            target=self.target,
            thresholds=self.thresholds,
            seed=self.seed,
        )


Outsider = Callable[["Division"], "Predictions"]
"""Answers for a division's test posts by means that are not ours."""


def no_images() -> None:
    """Return what looks at no images; a named function, for other processes to have."""


@dataclass(frozen=True, kw_only=True)
class Contest:
    """Who is compared.

    Parameters
    ----------
    classifiers : tuple of str
        Names of `postcast.models.choose.CLASSIFIERS`, or `TFIDF_LINEAR`.
    load : callable
        Returns an encoder that is still to be fitted.
    look : callable
        Returns what looks at images, or None.
    outsiders : mapping of str to callable
        What else is compared, by name.
    jobs : int
        Folds that are worked on at once, each in a process and a thread of its own.
    """

    classifiers: tuple[str, ...]
    load: Callable[[], TextEncoder]
    look: Callable[[], ImageSense | None] = no_images
    outsiders: Mapping[str, Outsider] = field(default_factory=dict)
    jobs: int = 1


def run_trials(posts: Posts, trials: Trials, contest: Contest) -> dict[str, Trialled]:
    """Train and test classifiers under a protocol.

    Parameters
    ----------
    posts : Posts
    trials : Trials
    contest : Contest

    Returns
    -------
    dict of str to Trialled

    Raises
    ------
    PostcastError
        If the posts cannot be split or labelled so, or a classifier does not exist.
    """
    from tqdm.auto import tqdm

    _check(trials, contest.classifiers)
    found = learnable(posts, trials.target)
    drawn = _drawn(found, trials)
    tasks = [(number, split) for number, repeat in enumerate(drawn) for split in repeat]
    log.info("%s, %s; folds: %d", trials.protocol, trials.mode, len(tasks))
    divisions = [arrange(found, split, trials.how()) for _, split in tasks]
    done = _answered(
        partial(_one_fold, posts.source, trials, contest), divisions, min(contest.jobs, len(tasks))
    )
    about = f"{trials.protocol}, {trials.mode}"
    bar = tqdm(done, about, len(tasks), unit="fold", disable=bar_is_hidden(), leave=False)
    answers = list(bar)
    results = {}
    for name in (*contest.classifiers, *contest.outsiders):
        repeats: list[list[Predictions]] = [[] for _ in drawn]
        for (number, split), answer in zip(tasks, answers, strict=True):
            repeats[number].append(replace(answer[name].predictions, post=split.test))
        seconds = [answer[name].fit_seconds for answer in answers]
        results[name] = Trialled([joined(parts) for parts in repeats], seconds)
    return results


def check_divisible(posts: Posts, trials: Trials) -> None:
    """Divide posts as every fold of a protocol will, before the long work, and train nothing.

    Raises
    ------
    PostcastError
        If the posts cannot be split or labelled so.
    """
    found = learnable(posts, trials.target)
    for part in (split for repeat in _drawn(found, trials) for split in repeat):
        if len(part.train) < MIN_TRAIN:
            n_train = counted(len(part.train), "post")
            raise SplitError(f"{n_train} to train a fold on", f"at least {MIN_TRAIN}")
        arrange(found, part, trials.how())


def remembers(name: str) -> bool:
    """Tell whether a classifier's answers depend on what is known of other posts by then.

    Those of one that does not are the same in either mode.
    """
    return bool(set(READS.get(name, TEXT_ALONE)) - {*ENCODED, "context"})


def _drawn(found: Learnable, trials: Trials) -> list[list[Split]]:
    return folds(
        found.rows,
        trials.protocol,
        repeats=trials.repeats,
        seed=trials.seed,
        maturity=parse_maturity(trials.maturity),
    )


def _check(trials: Trials, classifiers: Sequence[str]) -> None:
    if trials.protocol not in PROTOCOLS:
        raise SettingsError(f"no protocol {trials.protocol!r}", f"one of {', '.join(PROTOCOLS)}")
    known = (*CLASSIFIERS, TFIDF_LINEAR)
    for name in classifiers:
        if name not in known:
            raise SettingsError(f"classifier {name!r}", f"one of {', '.join(known)}")
    if trials.mode == "online" and trials.protocol not in FORWARD:
        raise SettingsError(
            f"mode online with protocol {trials.protocol}",
            f"one of {', '.join(FORWARD)}",
            "choose --mode frozen",
        )


@dataclass(frozen=True)
class _Answer:
    predictions: Predictions
    fit_seconds: float


def _answered(
    work: Callable[[Division], dict[str, _Answer]], divisions: Sequence[Division], jobs: int
) -> Iterator[dict[str, _Answer]]:
    """Yield the answers of each fold in order, `jobs` of them worked on at once."""
    if jobs == 1:
        yield from map(work, divisions)
        return
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _one_of_several)
    try:
        yield from pool.map(work, divisions)
    finally:
        pool.shutdown(cancel_futures=True)


def _one_of_several() -> None:
    """Draw no bar across those of others, and go without a word on Ctrl-C."""
    os.environ["TQDM_DISABLE"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _one_fold(
    source: Source, trials: Trials, contest: Contest, division: Division
) -> dict[str, _Answer]:
    """Return each one's forecasts of a fold's test posts, and how long it learned.

    One thread reckons, so that no bit depends on how many folds are worked on at once.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return _answers(source, division, trials, contest)


def _answers(
    source: Source, division: Division, trials: Trials, contest: Contest
) -> dict[str, _Answer]:
    shop = open_workshop(
        division, source, contest.load(), contest.classifiers, images=contest.look()
    )
    outcomes = Outcomes(division.test_counts, division.test_outcomes)
    answers = {}
    for name in contest.classifiers:
        recipe = Recipe(
            "linear" if name == TFIDF_LINEAR else name,
            trials.class_weights,
            trials.prior_correction,
            trials.seed,
            trials.device,
        )
        start = time.perf_counter()
        seeing = replace(shop, images=None) if name == TFIDF_LINEAR else shop
        forecaster = make_forecaster(seeing, recipe, _encoder(name, division, shop.encoder))
        took = time.perf_counter() - start
        live = informed(forecaster, division.later, division.later_counts)
        answers[name] = _Answer(foretell(live, division.test, outcomes), took)
    for name, outsider in contest.outsiders.items():
        start = time.perf_counter()
        answers[name] = _Answer(outsider(division), time.perf_counter() - start)
    return answers


def _encoder(name: str, division: Division, encoder: TextEncoder) -> TextEncoder | None:
    if name == TFIDF_LINEAR:
        words = TfidfEncoder()
        words.fit(division.train.texts)
        return words
    return encoder if "text" in READS.get(name, TEXT_ALONE) else None
