"""What the tests of parts share."""

import json
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SLOW = (
    # whole commands, servers, workers and trainings from files to a RUN
    "cli",
    "cluster",
    "learning",
    "runs",
    "shards",
    "web",
    "test_answering.py",
    "test_audit.py",
    "test_base_rates.py",
    "test_compare.py",
    "test_damaged_cache.py",
    "test_estimator.py",
    "test_estimator_images.py",
    "test_experiment.py",
    "test_forecaster.py",
    "test_hostile_parts.py",
    "test_no_posts.py",
    "test_one_answer.py",
    "test_rank.py",
    "test_reads.py",
    "test_scoring.py",
    "test_shapes.py",
    "test_training.py",
    "test_training_audit.py",
    "test_update.py",
    # fuzzing, and files as large as the bounds
    "data/test_bounds.py",
    "data/test_fuzz.py",
    "data/test_real_data.py",
    # torch, and graphs compiled for it
    "features/images",
    "features/test_arithmetic.py",
    "features/test_graph.py",
    "features/test_transformer.py",
    "models/test_classifiers.py",
    "models/test_epochs.py",
    "models/test_hypergraph.py",
    # every picture drawn
    "evaluate/test_plots.py",
    "evaluate/test_report.py",
)
"""Folders and files below this one whose tests `make quick` leaves out."""


def pytest_collection_modifyitems(items):
    """Mark the tests of `SLOW`, and see that each of its entries is still there."""
    for name in SLOW:
        assert (HERE / name).exists(), f"SLOW names {name}, which is gone"
    for item in items:
        if item.path.is_relative_to(HERE) and any(
            item.path.is_relative_to(HERE / name) for name in SLOW
        ):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def no_pictures(monkeypatch):
    """Runs are written without their figures, which take seconds."""
    monkeypatch.setattr("postcast.runs.folder.write_scorecard", _scorecard_alone)


def _scorecard_alone(folder, forecaster, tested):
    (folder / "figures").mkdir()
    for name in ("scorecard.json", "scorecard.txt"):
        (folder / name).write_text(json.dumps(tested.scorecard.to_dict()))
    return {}
