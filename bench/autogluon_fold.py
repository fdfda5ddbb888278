"""One fold by AutoGluon; run by an interpreter that has it, which postcast's own does not.

``python autogluon_fold.py FOLDER SECONDS`` reads train.parquet and test.parquet there and
writes probabilities.npy, shape (n_test, 3).
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from autogluon.tabular import TabularPredictor


def main() -> None:
    """Fit and answer."""
    folder, seconds = Path(sys.argv[1]), int(sys.argv[2])
    train = pd.read_parquet(folder / "train.parquet")
    test = pd.read_parquet(folder / "test.parquet")
    predictor = TabularPredictor(
        label="class", eval_metric="f1_macro", path=str(folder / "models"), verbosity=0
    )
    # bagged and stacked; looking whether stacking is worth it would take a quarter of the time
    predictor.fit(train, time_limit=seconds, presets="good_quality", dynamic_stacking=False)
    answer = predictor.predict_proba(test)
    probabilities = np.zeros((len(test), 3))
    for code in answer.columns:
        probabilities[:, int(code)] = answer[code]
    np.save(folder / "probabilities.npy", probabilities)


if __name__ == "__main__":
    main()
