"""What the tests of parts share."""

import json

import pytest


@pytest.fixture
def no_pictures(monkeypatch):
    """Runs are written without their figures, which take seconds."""
    monkeypatch.setattr("postcast.runs.folder.write_scorecard", _scorecard_alone)


def _scorecard_alone(folder, forecaster, tested):
    (folder / "figures").mkdir()
    for name in ("scorecard.json", "scorecard.txt"):
        (folder / name).write_text(json.dumps(tested.scorecard.to_dict()))
    return {}
