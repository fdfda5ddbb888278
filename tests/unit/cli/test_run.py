"""`postcast run`: the folder as the interface draws it, and when one is replaced."""

import csv
import json

import polars as pl
import pytest

FAST = ("--encoder", "tfidf", "--classifier", "linear")
FILES = {
    "posts.parquet",
    "rejected.csv",
    "predictions.csv",
    "scorecard.json",
    "scorecard.txt",
    "report.html",
    "run.json",
    "MODEL_CARD.md",
    "forecaster",
    "figures",
}
COLUMNS = ["id", "author", "engagement", "class", "forecast"]
SHARES = ["p_low", "p_medium", "p_high"]


@pytest.fixture
def run(postcast, without_figures, few_draws, posts_file, tmp_path):
    """Run on the tiny posts, into RUN."""

    def run(*options, posts=posts_file, stdin=None):
        return postcast("run", posts, *FAST, *options, "--out", tmp_path / "RUN", stdin=stdin)

    return run


def asked(tmp_path):
    return json.loads((tmp_path / "RUN" / "run.json").read_text())


def test_a_run_folder_is_as_the_interface_draws_it(sample_run):
    assert {path.name for path in sample_run.iterdir()} == FILES
    figures = {path.name for path in (sample_run / "figures").iterdir()}
    assert {"confusion_matrix.png", "confusion_matrix.svg", "calibration.svg"} <= figures
    rejected = list(csv.DictReader((sample_run / "rejected.csv").read_text().splitlines()))
    assert list(rejected[0]) == ["row", "id", "reason", "value"]
    assert len(rejected) == json.loads((sample_run / "scorecard.json").read_text())["n_rejected"]
    facts = json.loads((sample_run / "run.json").read_text())
    assert {"settings", "versions", "platform", "input_sha256", "stages", "warnings"} <= set(facts)
    assert {"name", "seconds", "posts_per_second", "peak_rss_mb"} == set(facts["stages"][0])


def test_predictions_are_those_of_the_test_posts(sample_run):
    table = pl.read_csv(sample_run / "predictions.csv", infer_schema_length=None)
    assert table.columns == [*COLUMNS, *SHARES, "set", "split"]
    card = json.loads((sample_run / "scorecard.json").read_text())
    assert table.height == card["n_test"]
    assert set(table["split"]) == {"test"}
    assert table.select(pl.sum_horizontal(SHARES)).to_series().to_numpy() == pytest.approx(
        1, abs=2e-6
    )
    hits = (table["class"] == table["forecast"]).mean()
    assert hits == pytest.approx(card["accuracy"]["value"])
    medium, high = card["thresholds"]
    begins = pl.when(pl.col("engagement") >= high).then(pl.lit("high"))
    begins = begins.when(pl.col("engagement") >= medium).then(pl.lit("medium"))
    expected = table.select(begins.otherwise(pl.lit("low"))).to_series()
    assert expected.to_list() == table["class"].to_list()


def test_the_result_goes_to_standard_output(run, tmp_path):
    answer = run()
    assert answer.code == 0
    card = (tmp_path / "RUN" / "scorecard.txt").read_text()
    assert answer.out == f"{card}\nReport: {tmp_path / 'RUN' / 'report.html'}\n"
    assert "Columns: text = text, author = author, time = created_at" in answer.err
    assert "for testing." in answer.err


def test_json_is_the_scorecard(run, tmp_path):
    answer = run("--json")
    assert answer.json == json.loads((tmp_path / "RUN" / "scorecard.json").read_text())


def test_the_same_again_is_the_same_bytes_and_is_not_done_twice(run, tmp_path):
    first = run()
    folder = tmp_path / "RUN"
    bytes_of = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    answer = run()
    assert "nothing to do" in answer.err
    assert answer.out == first.out
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == bytes_of
    (folder / "predictions.csv").unlink()
    assert "nothing to do" not in run().err
    for name in ("predictions.csv", "scorecard.json", "posts.parquet", "rejected.csv"):
        assert (folder / name).read_bytes() == bytes_of[folder / name], name
    for path in (folder / "forecaster").rglob("*.*"):
        assert path.read_bytes() == bytes_of[path], path.name


def test_another_run_is_replaced_only_when_told_to(run, tmp_path):
    run()
    assert "holds a run of other settings or posts; " in run("--seed", "1").error
    assert asked(tmp_path)["asked"]["seed"] == 42
    assert run("--seed", "1", "--overwrite").code == 0
    assert asked(tmp_path)["asked"]["seed"] == 1


def test_other_posts_are_another_run(run, posts_file):
    run()
    posts_file.write_text(posts_file.read_text().replace("word7", "word8"))
    assert "holds a run of other settings or posts; " in run().error


@pytest.mark.parametrize("option", ["", "--overwrite"])
def test_a_folder_of_something_else_is_left_alone(run, tmp_path, option):
    (tmp_path / "RUN").mkdir()
    for name in ("letter.txt", ".letter.txt.tmp"):
        (tmp_path / "RUN" / name).write_text("kept")
    assert "holds files that are not a run's" in run(*filter(None, [option])).error
    kept = sorted(path.name for path in (tmp_path / "RUN").iterdir())
    assert kept == [".letter.txt.tmp", "letter.txt"]


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ('{"format": 99}', "is a run of format 99; expected at most 1"),
        ("{", "run.json is broken"),
        ('{"asked": 3}', "run.json is broken"),
    ],
)
def test_a_run_of_a_newer_version_is_left_alone(run, tmp_path, found, says):
    (tmp_path / "RUN").mkdir()
    (tmp_path / "RUN" / "run.json").write_text(found)
    assert says in run("--overwrite").error
    assert (tmp_path / "RUN" / "run.json").read_text() == found


def test_the_command_line_wins_over_the_configuration(run, tmp_path):
    config = tmp_path / "c.toml"
    config.write_text('seed = 7\ntest_size = 0.3\ntext_col = "text"\nclassifier = "neural"\n')
    assert run("--config", config, "--seed", "8").code == 0
    settings = asked(tmp_path)["settings"]
    assert (settings["seed"], settings["test_size"]) == (8, 0.3)
    assert (settings["text_col"], settings["classifier"]) == (["text"], "linear")


def test_thresholds_alone_mean_fixed_classes(run, tmp_path):
    assert run("--thresholds", "10,30", "--json").json["thresholds"] == [10.0, 30.0]
    assert asked(tmp_path)["settings"]["classes"] == "fixed"


def test_standard_input_is_read_as_a_file_is(run, posts_file, tmp_path):
    run()
    before = (tmp_path / "RUN" / "predictions.csv").read_bytes()
    assert run("--overwrite", posts="-", stdin=posts_file.read_bytes()).code == 0
    assert (tmp_path / "RUN" / "predictions.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "split", "n_test"),
    [
        (("--split", "chronological"), "chronological", 48),
        (("--split", "stratified"), "stratified", 48),
        (("--split", "grouped"), "grouped", 60),
        (("--maturity", "20"), "chronological", 48),
        (("--maturity", "12h"), "chronological", 48),
        (("--protocol", "reference"), "reference", 48),
        (("--test-size", "0.4"), "chronological", 96),
        (("--classifier", "majority"), "chronological", 48),
        (("--classifier", "author-median"), "chronological", 48),
    ],
)
def test_every_way_of_testing(run, options, split, n_test):
    answer = run(*options, "--json")
    assert (answer.json["split"], answer.json["n_test"]) == (split, n_test), answer.err


def test_unsettled_counts_are_not_learned_from(run):
    everything = run("--json").json["n_train"]
    assert run("--overwrite", "--maturity", "12h", "--json").json["n_train"] == everything - 11


def test_without_posts_it_learns_from_the_sample(sample_run):
    assert "synthetic" in (sample_run / "scorecard.txt").read_text()
