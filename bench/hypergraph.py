"""What each part of the classifier hypergraph is worth: ``python -m bench.hypergraph POSTS --out``.

Every variant learns and answers on the same folds as the classifier as it is.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from bench.machine import measured_on
from postcast.data.folds import PROTOCOLS
from postcast.evaluate.leaderboard import standings
from postcast.experiment import Contest, Trials, run_trials
from postcast.features.text import Choice, load_encoder
from postcast.learning.fitting import make_forecaster, open_workshop
from postcast.learning.learnable import Outcomes
from postcast.models import choose
from postcast.models.choose import Recipe
from postcast.models.hypergraph import HypergraphClassifier
from postcast.models.hypergraph_inputs import Options
from postcast.models.hypergraph_training import HypergraphTraining
from postcast.reading import read
from postcast.scoring import foretell
from postcast.settings import Settings

if TYPE_CHECKING:
    from postcast.learning.division import Division
    from postcast.schema import Predictions, Source

AS_IT_IS = "hypergraph"
VARIANTS: dict[str, Options] = {
    "no neighbours": Options(most=0),
    "no hyperedges by aspect": Options(edges=()),
    "no labels of neighbours": Options(labels=False),
    "only neighbours that help": Options(only_helpful=True),
    "no author vector": Options(user=False),
}


@dataclass(frozen=True)
class Variant:
    """The classifier with other options, as an outsider of a contest."""

    source: Source
    choice: Choice
    options: Options

    def __call__(self, division: Division) -> Predictions:
        """Learn from a division's training posts; answer for its test posts."""
        shop = open_workshop(division, self.source, load_encoder(self.choice), (AS_IT_IS,))
        with patch.dict(choose.CLASSIFIERS, {AS_IT_IS: self._make}):
            forecaster = make_forecaster(shop, Recipe(AS_IT_IS, device="cpu"), shop.encoder)
        outcomes = Outcomes(division.test_counts, division.test_outcomes)
        return foretell(forecaster, division.test, outcomes)

    def _make(self, recipe: Recipe) -> HypergraphClassifier:
        training = HypergraphTraining(seed=recipe.seed, device="cpu", options=self.options)
        return HypergraphClassifier(training)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("posts", type=Path)
    parser.add_argument("--encoder", default="minilm")
    parser.add_argument("--protocol", choices=list(PROTOCOLS), default="cv")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="folds at once")
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args(arguments)
    posts = read(chosen.posts, Settings())
    trials = Trials(protocol=chosen.protocol, repeats=chosen.repeats, device="cpu")
    choice = Choice(chosen.encoder, device="cpu")
    contest = Contest(
        classifiers=(AS_IT_IS,),
        load=partial(load_encoder, choice),
        outsiders={n: Variant(posts.source, choice, o) for n, o in VARIANTS.items()},
        jobs=chosen.jobs,
    )
    found = standings(run_trials(posts, trials, contest), tuple(VARIANTS))
    result = {
        **measured_on(),
        "posts": chosen.posts.name,
        "encoder": chosen.encoder,
        **dataclasses.asdict(trials),
        "classifiers": {name: one.to_dict() for name, one in found.items()},
    }
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    for name, one in result["classifiers"].items():
        print(f"{name:<28} {one['macro_f1']}")


if __name__ == "__main__":
    main()
