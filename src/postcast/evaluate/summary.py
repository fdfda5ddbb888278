"""The scorecard in words and as plain text, for the terminal and scorecard.txt.

Knows the scorecard only. Its first line says whether the forecaster is worth having.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from postcast.evaluate.words import (
    BASELINES,
    OWN_MEAN,
    class_ranges,
    gap_in_words,
    listed,
    pairwise_sentence,
    signed,
)
from postcast.schema import CLASSES
from postcast.scorecard import SCORES, Estimate
from postcast.wording import agreeing, counted, one_line

if TYPE_CHECKING:
    from postcast.scorecard import Figures, Importance, Scorecard

SCORE_NAMES = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "weighted_f1": "weighted F1",
    "qwk": "quadratic kappa",
    "spearman": "Spearman's rho",
    "mae_log": "MAE, log counts",
    "log_loss": "log loss",
    "brier": "Brier score",
    "ece": "ECE",
}
LOWER_IS_BETTER = frozenset({"mae_log", "log_loss", "brier", "ece"})


def verdict(scorecard: Scorecard) -> str:
    """Say in a sentence or two how good the forecaster is, against what, and how sure that is.

    It beats a baseline only where the paired 95% interval of the difference in macro-F1
    lies above zero; where it does not, the sentence opens with that.
    """
    itself = _itself(scorecard)
    others = [name for name in scorecard.baselines if name != itself]
    same = f" It is the {BASELINES[itself]} baseline itself." if itself else ""
    unbeaten = [name for name in others if not _beaten(scorecard, name)]
    if unbeaten:
        return _not_beating(scorecard, unbeaten) + same
    sentence = f"Macro-F1 {scorecard.macro_f1} on {_test_posts(scorecard)}"
    if not others:
        return f"{sentence}; no baseline was scored beside it.{same}"
    best = max(others, key=lambda name: _macro_f1(scorecard.baselines[name]))
    other = "other " if itself else ""
    return (
        f"{sentence}; the best {other}baseline, {BASELINES.get(best, best)}, reaches "
        f"{_macro_f1(scorecard.baselines[best]):.3f} "
        f"(difference {signed(_difference(scorecard, best))}).{same}"
    )


def by_fall(scorecard: Scorecard) -> list[tuple[str, Importance]]:
    """Return what the forecast leans on, the group that costs most macro-F1 first."""
    return sorted(
        scorecard.importance.items(), key=lambda found: -(found[1].macro_f1_fall.value or 0.0)
    )


def leaning(scorecard: Scorecard) -> str:
    """Say how to read what the forecast leans on, by its first group."""
    first, found = by_fall(scorecard)[0]
    fall = found.macro_f1_fall
    clearly = "" if (fall.low or 0.0) > 0 else ", which chance alone could do"
    sentence = (
        f"Macro-F1 falls by {fall} when every post gets another post's {first}{clearly}: "
        "the larger the fall, the more the forecast leans on that group"
    )
    if len(scorecard.importance) == 1:
        return f"{sentence}."
    return f"{sentence}; groups that tell the same share the credit, and can both look small."


def ordering(scorecard: Scorecard) -> str:
    """Say how often two posts of one author are put in the right order; nothing if unknown."""
    found = scorecard.pairwise
    return "" if found is None else f"{pairwise_sentence(found)} {gap_in_words(found)}"


def _itself(scorecard: Scorecard) -> str | None:
    """Return the baseline that this forecaster is, where it is one."""
    words = scorecard.classifier == "linear" and scorecard.encoder == "tfidf"
    name = "tfidf_linear" if words else scorecard.classifier.replace("-", "_")
    return name if name in scorecard.baselines else None


def scorecard_text(scorecard: Scorecard) -> str:
    """Return the scorecard as plain text of at most 88 columns, the verdict first."""
    blocks = [
        _wrapped(verdict(scorecard)),
        [line for fact in _tested(scorecard) for line in _wrapped(fact)],
        list(_score_table(scorecard)),
        list(_class_table(scorecard)),
        list(_confusion_table(scorecard)),
        list(_importance_table(scorecard)),
        _wrapped(ordering(scorecard)),
    ]
    return "\n\n".join("\n".join(lines) for lines in blocks if lines) + "\n"


def known_scores(scorecard: Scorecard) -> list[str]:
    """Return the scores that apply to the forecaster or to one of its baselines."""
    shown = [scorecard, *scorecard.baselines.values()]
    return [s for s in SCORES if any(getattr(one, s).value is not None for one in shown)]


def _not_beating(scorecard: Scorecard, unbeaten: Sequence[str]) -> str:
    worst = min(unbeaten, key=lambda name: _difference(scorecard, name).value or 0.0)
    difference = _difference(scorecard, worst)
    clearly = "clearly " if (difference.value or 0.0) > 0 else ""
    names = [worst, *(name for name in unbeaten if name != worst)]
    called = listed(BASELINES.get(name, name) for name in names)
    against = f"{_macro_f1(scorecard.baselines[worst]):.3f}"
    if len(unbeaten) > 1:
        against += f" for {BASELINES.get(worst, worst)}"
    return (
        f"This forecaster does not {clearly}beat the {called} "
        f"{agreeing(len(unbeaten), 'baseline')}: macro-F1 {scorecard.macro_f1} against "
        f"{against} (difference {signed(difference)}) on {_test_posts(scorecard)}."
    )


def _beaten(scorecard: Scorecard, baseline: str) -> bool:
    low = _difference(scorecard, baseline).low
    return low is not None and low > 0


def _difference(scorecard: Scorecard, baseline: str) -> Estimate:
    return scorecard.differences.get(baseline, {}).get("macro_f1", Estimate())


def _macro_f1(figures: Figures) -> float:
    return figures.macro_f1.value or 0.0


def _test_posts(scorecard: Scorecard) -> str:
    kind = "synthetic post" if scorecard.synthetic else "post"
    if scorecard.split == "chronological":
        kind = f"later {kind}"
    return f"{counted(scorecard.n_test, kind)} it had never seen"


def _tested(scorecard: Scorecard) -> Iterator[str]:
    yield (
        f"{scorecard.classifier} on {one_line(scorecard.encoder)}, seed {scorecard.seed}; "
        f"split {scorecard.split}, {scorecard.mode}, maturity {scorecard.maturity}"
    )
    yield (
        f"{counted(scorecard.n_train, 'training post')}, "
        f"{counted(scorecard.n_test, 'test post')}, "
        f"{counted(scorecard.n_rejected, 'row')} rejected"
    )
    ranges = class_ranges(scorecard.thresholds, scorecard.target)
    if ranges:
        yield "engagement: " + "; ".join(
            f"{name} {span}" for name, span in zip(CLASSES, ranges, strict=True)
        )
    if scorecard.target == "relative":
        yield OWN_MEAN
    if scorecard.protocol == "reference":
        yield "reference protocol: thresholds leak from test into training rows"


def _score_table(scorecard: Scorecard) -> Iterator[str]:
    names = list(scorecard.baselines)
    called = "".join(f"{BASELINES.get(name, name).replace(' + ', '+'):>15}" for name in names)
    yield f"{'':<18}{'this forecaster':>24}{called}"
    for score in known_scores(scorecard):
        own = str(getattr(scorecard, score))
        others = "".join(
            f"{_short(getattr(scorecard.baselines[name], score)):>15}" for name in names
        )
        arrow = " (-)" if score in LOWER_IS_BETTER else ""
        yield f"{SCORE_NAMES[score] + arrow:<19}{own:>23}{others}"
    yield "95% bootstrap intervals over posts; (-) lower is better"


def _class_table(scorecard: Scorecard) -> Iterator[str]:
    yield f"{'class':<8}{'precision':>23}{'recall':>23}{'F1':>23}{'posts':>9}"
    for name in CLASSES:
        row = scorecard.per_class[name]
        scores = "".join(f"{row.estimate(one)!s:>23}" for one in ("precision", "recall", "f1"))
        yield f"{name:<8}{scores}{row.support:>9,}"


def _confusion_table(scorecard: Scorecard) -> Iterator[str]:
    labels = scorecard.confusion.labels
    yield f"{'actual, down':<14}{'forecast ' + labels[0]:>14}" + "".join(
        f"{label:>10}" for label in labels[1:]
    )
    for label, row in zip(labels, scorecard.confusion.counts, strict=True):
        yield f"{label:<14}{row[0]:>14,}" + "".join(f"{count:>10,}" for count in row[1:])


def _importance_table(scorecard: Scorecard) -> Iterator[str]:
    if not scorecard.importance:
        return
    yield f"{'leans on':<18}{'fall of macro-F1':>24}{'rise of log loss':>26}"
    for group, found in by_fall(scorecard):
        yield f"{group:<18}{found.macro_f1_fall!s:>24}{found.log_loss_rise!s:>26}"
    posts = next(iter(scorecard.importance.values())).posts
    sample = f", on a sample of {posts:,}" if posts < scorecard.n_test else ""
    shared = "; groups that tell the same share it" if len(scorecard.importance) > 1 else ""
    yield f"when every test post gets another's{sample}{shared}"


def _short(figure: Estimate) -> str:
    return "–" if figure.value is None else f"{figure.value:.3f}"


def _wrapped(sentence: str) -> list[str]:
    return textwrap.wrap(sentence, 88, break_on_hyphens=False)
