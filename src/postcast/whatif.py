"""What a person could change about a draft, and which changes the forecaster is sure of.

Knows how edits are judged and told; they are made in `edits`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from postcast.features.assemble import drafts_of_posts
from postcast.rank import Ranking, rank
from postcast.schema import CLASSES
from postcast.standing import COUNT
from postcast.why.coalitions import NOBODY
from postcast.why.edits import Edit, EditKind, Habit, edits_of
from postcast.why.engagement_scale import class_ranks, expected_logs
from postcast.why.evidence import learn_evidence, looks_of
from postcast.why.similar import similar_posts
from postcast.wording import counted, number_in_words

if TYPE_CHECKING:
    from postcast.forecaster import Forecaster
    from postcast.schema import Forecast, Post

ERROR_RATE = 0.05
"""How often, at most, any edit without an effect is taken for one with an effect."""

LEAST_EFFECT = 0.01
"""Of the rank, 0 to 1: what changes less changes nothing that anybody would see."""

LIKE_POSTS, OWN_POSTS = 40, 60
"""Whose hashtags and emoji are tried."""

SHOWN = 60
"""Characters of an alternative that a sentence repeats."""

ASSOCIATION = (
    "These are associations learned from past posts, not promises: "
    "a post changed accordingly need not fare accordingly."
)


@dataclass(frozen=True)
class Change:
    """An edit whose effect is larger than its uncertainty.

    Parameters
    ----------
    kind : str
        One of `postcast.why.edits.EditKind`.
    sentence : str
        What was found, in one sentence; never a promise.
    post : Post
        The edited draft.
    before, after : Forecast
    effect : float
        Difference of the expected rank among past posts, 0 to 1.
    factor : float
        What 1 + the expected engagement is multiplied by.
    low, high : float
        Between which the effect lies, at 95% for all edits tried together.
    """

    kind: EditKind
    sentence: str
    post: Post
    before: Forecast
    after: Forecast
    effect: float
    factor: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """Return the change as plain JSON types."""
        time = self.post.time
        return {
            "kind": self.kind,
            "sentence": self.sentence,
            "post": {
                "text": self.post.text,
                "title": self.post.title,
                "time": None if time is None else time.isoformat(),
            },
            "before": self.before.to_dict(),
            "after": self.after.to_dict(),
            "effect": round(self.effect, 6),
            "factor": round(self.factor, 6),
            "low": round(self.low, 6),
            "high": round(self.high, 6),
        }


Order = Literal["ahead", "behind", "too close to call"]


@dataclass(frozen=True)
class Alternative:
    """A person's own alternative to a draft, put in order with it as `postcast.rank` does.

    Parameters
    ----------
    order : {"ahead", "behind", "too close to call"}
        Where it stands beside the draft.
    sentence : str
        The same in words, with both scores.
    post : Post
    forecast : Forecast
    score, draft_score : float
        What the two are put in order by.
    scale : {"expected count", "expected rank"}
        What a score is.
    effect : float
        Difference of the expected rank among past posts, 0 to 1.
    factor : float
        What 1 + the expected engagement is multiplied by.
    """

    order: Order
    sentence: str
    post: Post
    forecast: Forecast
    score: float
    draft_score: float
    scale: str
    effect: float
    factor: float

    def to_dict(self) -> dict[str, Any]:
        """Return the alternative as plain JSON types."""
        return {
            "order": self.order,
            "sentence": self.sentence,
            "text": self.post.text,
            "forecast": self.forecast.to_dict(),
            "score": round(self.score, 6),
            "draft_score": round(self.draft_score, 6),
            "scale": self.scale,
            "effect": round(self.effect, 6),
            "factor": round(self.factor, 6),
        }


@dataclass(frozen=True)
class WhatIf:
    """What could be changed about a draft.

    Parameters
    ----------
    forecast : Forecast
        Of the draft as it is.
    changes : tuple of Change
        The largest first; empty where nothing is certain.
    tried : int
        Edits that were tried.
    sentences : tuple of str
        What it comes to; the last says that it is an association.
    alternatives : tuple of Alternative
        An answer for each alternative, in the order given.
    """

    forecast: Forecast
    changes: tuple[Change, ...]
    tried: int
    sentences: tuple[str, ...]
    alternatives: tuple[Alternative, ...] = ()

    def __repr__(self) -> str:
        """Say what was forecast and how much was tried, and nothing of a post."""
        orders = [alternative.order for alternative in self.alternatives]
        answered = f"; alternatives: {', '.join(orders)}" if orders else ""
        kinds = ", ".join(change.kind for change in self.changes) or "none sure"
        return f"<WhatIf of {self.forecast!r}: {self.tried} edits tried, {kinds}{answered}>"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return {
            "forecast": self.forecast.to_dict(),
            "alternatives": [alternative.to_dict() for alternative in self.alternatives],
            "changes": [change.to_dict() for change in self.changes],
            "tried": self.tried,
            "sentences": list(self.sentences),
        }


def what_if(forecaster: Forecaster, post: Post, *, alternatives: Sequence[Post] = ()) -> WhatIf:
    """Return the edits of a draft whose effect is larger than its uncertainty.

    An edit is kept where two readings of the same past posts agree: the forecaster's, and that of
    a Gaussian process, which knows its error (see `postcast.why.evidence`). The second has to lie
    beyond its error, for all edits that were tried together (Bonferroni), and the first on the
    same side. Of each kind the edit of most effect is told, and none that lowers.

    Each of a person's own alternatives is answered: ahead of the draft, behind it, or too close to
    call, by the rule of `postcast.rank.rank`.

    Parameters
    ----------
    forecaster : Forecaster
    post : Post
        Hours and weekdays are tried only where it has a time.
    alternatives : sequence of Post
        The person's own, compared with the draft.
    """
    before = forecaster.predict(post)
    edits = edits_of(post, _habit(forecaster, post))
    best: dict[EditKind, _Judged] = {}
    for judged in _judged(forecaster, post, edits):
        kind = judged.edit.kind
        if not judged.is_sure or judged.effect < 0:
            continue
        if kind not in best or judged.effect > best[kind].effect:
            best[kind] = judged
    in_turn = sorted(best.values(), key=lambda judged: -judged.effect)
    changes = tuple(_change(forecaster, before, judged) for judged in in_turn)
    sentences = _sentences(post, changes, edits, forecaster)
    answers = tuple(_answered(forecaster, post, other) for other in alternatives)
    return WhatIf(before, changes, len(edits), sentences, answers)


def _answered(forecaster: Forecaster, post: Post, other: Post) -> Alternative:
    """Return where an alternative stands beside the draft."""
    ranking = rank(forecaster, [replace(post, id="draft"), replace(other, id="alternative")])
    ranked = {draft.id: draft for draft in ranking.drafts}
    draft, alternative = ranked["draft"], ranked["alternative"]
    order: Order = "ahead" if alternative.position < draft.position else "behind"
    if alternative.n_too_close:
        order = "too close to call"
    before, after = (replace(one.forecast, id=None) for one in (draft, alternative))
    probabilities = np.array([[one.probabilities[c] for c in CLASSES] for one in (before, after)])
    ranks = probabilities @ class_ranks(forecaster)
    return Alternative(
        order=order,
        sentence=_comparison(other, order, (draft.score, alternative.score), ranking),
        post=other,
        forecast=after,
        score=alternative.score,
        draft_score=draft.score,
        scale=ranking.scale,
        effect=float(ranks[1] - ranks[0]),
        factor=math.exp(_log(forecaster, after) - _log(forecaster, before)),
    )


def _comparison(other: Post, order: Order, scores: tuple[float, float], ranking: Ranking) -> str:
    text = " ".join(other.text.split())
    shown = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
    what = "too close to call with the draft"
    if order != "too close to call":
        what = f"{order}{' of' * (order == 'ahead')} the draft"
    draft, alternative = (_score_in_words(score, ranking.scale) for score in scores)
    sentence = f"“{shown}” is {what}: {ranking.scale} {alternative} against {draft}"
    if ranking.reason is not None:
        sentence += f" (how often such an order is right is not known: {ranking.reason})"
    return f"{sentence}."


def _score_in_words(score: float, scale: str) -> str:
    if scale == COUNT:
        return f"{score:,.0f}" if score >= 10 else f"{score:.2g}"
    return f"{score:.2f}"


@dataclass(frozen=True)
class _Judged:
    """An edit with its effect on the expected rank as the forecaster has it.

    Beside it the effect as past posts have it by the second reading, and the margin of that.
    """

    edit: Edit
    effect: float
    factor: float
    seen: float
    seen_margin: float

    @property
    def is_sure(self) -> bool:
        """Whether both readings are on one side of none: the second beyond its margin."""
        agree = self.effect * self.seen > 0
        return agree and abs(self.seen) > self.seen_margin and abs(self.effect) >= LEAST_EFFECT

    @property
    def margin(self) -> float:
        """The margin of the effect: of one that is shrunk against the second, shrunk as much."""
        return self.seen_margin * min(1.0, self.effect / self.seen)


def _judged(forecaster: Forecaster, post: Post, edits: Sequence[Edit]) -> list[_Judged]:
    bank, encoder = forecaster.bank, forecaster.senses.encoders.get("text")
    evidence = learn_evidence(bank, encoder)
    if not edits or evidence is None:
        return []
    drafts = drafts_of_posts([post, *(edit.post for edit in edits)], bank)
    answers = forecaster.forecast(replace(drafts, published=NOBODY))
    probabilities = np.array([[one.probabilities[name] for name in CLASSES] for one in answers])
    ranks = probabilities @ class_ranks(forecaster)
    logs = np.array([_log(forecaster, one) for one in answers])
    rows = np.arange(len(drafts))
    looks = [looks_of(drafts.take(some), bank, encoder) for some in (rows[:1], rows[1:])]
    seen, errors = evidence.difference(looks[0], looks[1])
    margins = NormalDist().inv_cdf(1 - ERROR_RATE / 2 / len(edits)) * errors
    return [
        _Judged(
            edit,
            float(ranks[row] - ranks[0]),
            math.exp(logs[row] - logs[0]),
            float(seen[row - 1]),
            float(margins[row - 1]),
        )
        for row, edit in enumerate(edits, 1)
    ]


def _log(forecaster: Forecaster, forecast: Forecast) -> float:
    if forecast.expected_count is not None:
        return math.log1p(max(forecast.expected_count, 0.0))
    probabilities = np.array([[forecast.probabilities[name] for name in CLASSES]])
    return float(expected_logs(forecaster, probabilities, None)[0])


def _habit(forecaster: Forecaster, post: Post) -> Habit:
    bank = forecaster.bank
    like = [one.text for one in similar_posts(forecaster, post, LIKE_POSTS) if one.text]
    own: list[str] = []
    author = -1 if post.author is None else bank.code_of(post.author)
    if bank.wordings is not None and author >= 0:
        own = bank.wordings.at(bank.posts_of(author)[-OWN_POSTS:])
    return Habit(forecaster.reads(), bank.ordering == "time", [*like, *own])


def _change(forecaster: Forecaster, before: Forecast, one: _Judged) -> Change:
    low, high = one.effect - one.margin, one.effect + one.margin
    sentence = (
        f"Posts like this one that {one.edit.told} were forecast about "
        f"{number_in_words(one.factor, 2)} times the engagement "
        f"(expected rank {one.effect:+.2f}, from {low:+.2f} to {high:+.2f}), "
        "an association learned from past posts."
    )
    after = forecaster.predict(one.edit.post)
    return Change(
        one.edit.kind, sentence, one.edit.post, before, after, one.effect, one.factor, low, high
    )


def _sentences(
    post: Post, changes: Sequence[Change], edits: Sequence[Edit], forecaster: Forecaster
) -> tuple[str, ...]:
    tried = f"{counted(len(edits), 'edit')} tried"
    found = [f"{tried}: of none is it sure that it would change the forecast."]
    if changes:
        found = [f"{tried}, {len(changes)} of them surely better or worse than the draft."]
    if post.time is None and "time" in forecaster.reads() and forecaster.bank.ordering == "time":
        found.append("Hours and weekdays are tried where the draft has a time.")
    return (*found, ASSOCIATION)
