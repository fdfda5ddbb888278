"""AutoGluon as an opponent: the same rows, folds and knowledge, in an interpreter of its own.

It is installed for the benchmark alone, in another environment:
``pip install autogluon.tabular[catboost,lightgbm,xgboost]``. It gets what is known before
publishing: the text, its vector, the author, the order, and the context features.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from postcast.data.label import classify
from postcast.features.context import context
from postcast.features.text import load_encoder
from postcast.schema import Predictions

if TYPE_CHECKING:
    from postcast.features.assemble import Drafts
    from postcast.features.text import Choice
    from postcast.learning.division import Division


@dataclass(frozen=True)
class Autogluon:
    """Fits AutoGluon on a fold's training posts, and answers for its test posts.

    Parameters
    ----------
    python : Path
        The interpreter that has ``autogluon.tabular``.
    choice : Choice
        The encoder.
    seconds : int
        Of each fold.
    """

    python: Path
    choice: Choice
    seconds: int = 120

    def __call__(self, division: Division) -> Predictions:
        """Return the forecasts of the test posts."""
        actual = classify(division.test_outcomes, division.thresholds)
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder)
            train = _columns(division.train, self.choice).with_columns(
                pl.Series("class", division.train_classes)
            )
            train.write_parquet(work / "train.parquet")
            _columns(division.test, self.choice).write_parquet(work / "test.parquet")
            script = Path(__file__).with_name("autogluon_fold.py")
            command = [str(self.python), str(script), str(work), str(self.seconds)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            probabilities = np.load(work / "probabilities.npy")
        return Predictions(
            actual=actual,
            forecast=probabilities.argmax(axis=1),
            probabilities=probabilities,
            engagement=division.test_counts,
            outcome=division.test_outcomes,
        )


def _columns(drafts: Drafts, choice: Choice) -> pl.DataFrame:
    """Return posts as a table of what is known before publishing."""
    vectors = load_encoder(choice).encode(drafts.texts)
    around = context(drafts.texts, None)
    columns = {f"v{i}": vectors[:, i] for i in range(vectors.shape[1])}
    columns |= {name: around.matrix[:, i] for i, name in enumerate(around.columns)}
    table = pl.DataFrame(columns).with_columns(
        pl.Series("text", list(drafts.texts)), pl.Series("author", list(drafts.authors))
    )
    if drafts.order is not None:
        table = table.with_columns(pl.Series("order", drafts.order))
    return table
