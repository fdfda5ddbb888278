"""`postcast predict`: drafts in words and in files."""

import json
import shutil

import polars as pl
import pytest

TIMES = [
    "2026-05-01T18:00",
    "2026-05-01T18:00:00Z",
    "2026-05-01 18:00+02:00",
    "2026-05-01",
    "1430467200",
    "1430467200000",
    "Wed, 13 May 2015 19:55:19 +0000",
    "Wed May 13 19:55:19 +0000 2015",
]
KEYS = {
    "id",
    "forecast",
    "probabilities",
    "set",
    "too_close",
    "thresholds",
    "warnings",
    "expected_count",
    "count_low",
    "count_high",
}


@pytest.fixture
def drafts(sample_run, tmp_path):
    """The sample's posts as a CSV of drafts: no counts."""
    table = pl.read_parquet(sample_run / "posts.parquet")
    path = tmp_path / "drafts.csv"
    table.select("id", "author", "text", "time").write_csv(path)
    return path


@pytest.fixture
def copied(sample_run, tmp_path):
    """A run to damage."""
    return shutil.copytree(sample_run, tmp_path / "copied")


@pytest.mark.parametrize("time", TIMES)
def test_one_draft(postcast, sample_run, time):
    words = ("--text", "Easy weeknight pasta", "--title", "Pasta", "--author", "studio-fern")
    answer = postcast("predict", sample_run, *words, "--time", time, "--json")
    assert set(answer.json) == KEYS
    assert answer.json["forecast"] in answer.json["set"]
    assert sum(answer.json["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert answer.json["warnings"] == []
    assert answer.err == "This forecaster does not read the title, author or time of a post.\n"


def test_one_draft_in_words(postcast, sample_run):
    answer = postcast("predict", sample_run, "--text", "Easy pasta", "--author", "nobody")
    assert answer.code == 0
    assert "high" in answer.out.splitlines()[0]
    assert "Note: the author 'nobody' was not seen in training" in answer.out
    assert "macro-f1 0.534" in " ".join(answer.out.split()).lower()


def test_a_file_is_answered_row_for_row(postcast, sample_run, drafts, tmp_path):
    asked = ("predict", sample_run, drafts)
    answers = postcast(*asked, "--json").json
    table = pl.read_csv(drafts)
    assert [one["id"] for one in answers] == table["id"].to_list()
    assert postcast(*asked, "--out", tmp_path / "f.csv").code == 0
    written = pl.read_csv(tmp_path / "f.csv")
    assert written["id"].to_list() == table["id"].to_list()
    assert written["author"].to_list() == table["author"].to_list()
    assert written["forecast"].to_list() == [one["forecast"] for one in answers]
    high = [one["probabilities"]["high"] for one in answers]
    assert written["p_high"].to_numpy() == pytest.approx(high, abs=1e-6)
    assert written["set"].to_list() == ["|".join(one["set"]) for one in answers]


def test_the_test_posts_get_what_the_run_forecast_for_them(postcast, sample_run, drafts, tmp_path):
    assert postcast("predict", sample_run, drafts, "--out", tmp_path / "f.csv").code == 0
    columns = ["id", "author", "forecast", "p_low", "p_medium", "p_high", "set"]
    predictions = pl.read_csv(sample_run / "predictions.csv").select(columns)
    forecasts = pl.read_csv(tmp_path / "f.csv").select(columns)
    assert forecasts.filter(pl.col("id").is_in(predictions["id"].to_list())).equals(predictions)


def test_standard_input(postcast, sample_run, drafts):
    piped = postcast("predict", sample_run, "-", "--json", stdin=drafts.read_bytes())
    assert piped.json == postcast("predict", sample_run, drafts, "--json").json


def test_columns_of_other_names(postcast, sample_run, drafts):
    usual = postcast("predict", sample_run, drafts, "--json").json
    drafts.write_text(drafts.read_text().replace("id,author,text,time", "id,by,what,when"))
    error = postcast("predict", sample_run, drafts).error
    assert "no text column among id, by, what, when" in error
    columns = ("--text-col", "what", "--author-col", "by", "--time-col", "when")
    assert postcast("predict", sample_run, drafts, *columns, "--json").json == usual


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "neither POSTS nor --text"),
        (("drafts.csv", "--text", "x"), "both POSTS and a draft's words"),
        (("--text", "x", "--time", "soon"), "'soon' is not a time; expected ISO 8601"),
        (("--text", "x", "--time", ""), "'' is not a time"),
        (("--text", "x", "--time", "2026-05-01T18:00", "--timezone", "No/Where"), "no time zone"),
        (("--text", "x", "--device", "tpu"), "device 'tpu'; expected one of auto, cpu, cuda"),
    ],
)
def test_wrong_use(postcast, sample_run, arguments, says):
    assert says in postcast("predict", sample_run, *arguments).error


def test_a_folder_without_a_forecaster(postcast, tmp_path):
    (tmp_path / "file").write_text("")
    for folder, says in [
        (tmp_path / "nowhere", "run `postcast run` first"),
        (tmp_path, "no forecaster in"),
        (tmp_path / "file", "no forecaster in"),
    ]:
        assert says in postcast("predict", folder, "--text", "x").error


def test_a_damaged_forecaster_names_the_part(postcast, copied):
    asked = ("predict", copied, "--text", "x")
    forecaster = copied / "forecaster"
    (forecaster / "more.bin").write_bytes(b"")
    assert "part more.bin of" in postcast(*asked).error
    (forecaster / "more.bin").unlink()
    part = forecaster / "encoder.safetensors"
    whole = part.read_bytes()
    part.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert "part encoder.safetensors of" in postcast(*asked).error
    part.unlink()
    assert "encoder.safetensors" in postcast(*asked).error
    part.write_bytes(whole)
    assert postcast(*asked).code == 0
    manifest = json.loads((forecaster / "manifest.json").read_text())
    (forecaster / "manifest.json").write_text(json.dumps(manifest | {"format": 99}))
    assert "has format 99; expected at most 2; install the newer" in postcast(*asked).error


def test_one_forecast_is_not_forecasts(postcast, sample_run, tmp_path):
    answer = postcast("predict", sample_run, "--text", "x", "--out", tmp_path / "f.csv")
    assert answer.out == f"1 forecast: {tmp_path / 'f.csv'}\n"


def test_thresholds_of_a_classifier_of_classes_stay(postcast, sample_run):
    answer = postcast("predict", sample_run, "--text", "Easy soup", "--thresholds", "3,6")
    assert answer.error == (
        "the classifier linear knows classes only, and cannot move thresholds; "
        "expected strong or hypergraph or ensemble; train with --classifier strong"
    )


def test_thresholds_that_are_no_numbers(postcast, sample_run):
    answer = postcast("predict", sample_run, "--text", "Easy soup", "--thresholds", "3;6")
    assert answer.error.startswith("thresholds '3;6'; expected two numbers")


def test_a_submission_needs_counts_and_a_file(postcast, sample_run, drafts):
    answer = postcast("predict", sample_run, drafts, "--format", "smp")
    assert "train with --target count" in answer.error
    answer = postcast("predict", sample_run, "--text", "Easy soup", "--format", "smp")
    assert answer.error.startswith("--format smp with one draft")
    answer = postcast("predict", sample_run, drafts, "--format", "xml")
    assert answer.error == "format 'xml'; expected one of csv, smp"


def test_a_submission_of_counts(postcast, sample_run, drafts, tmp_path):
    table = pl.read_parquet(sample_run / "posts.parquet").head(160)
    posts = tmp_path / "some.csv"
    table.select("id", "author", "text", "time", pl.col("engagement").alias("saves")).write_csv(
        posts
    )
    run, out = tmp_path / "counts", tmp_path / "submission.json"
    made = ("run", posts, "--out", run, "--encoder", "tfidf", "--target", "count", "--quiet")
    assert postcast(*made).code == 0
    answer = postcast("predict", run, drafts, "--format", "smp", "--out", out)
    found = json.loads(out.read_text("utf-8"))
    assert answer.code == 0
    assert found["external_data"] == {"used": "false", "details": ""}
    assert [row["post_id"] for row in found["result"]] == pl.read_csv(drafts)["id"].cast(
        str
    ).to_list()
    forecast = postcast("predict", run, drafts, "--json").json
    for row, one in zip(found["result"], forecast, strict=True):
        assert 2 ** row["popularity_score"] - 1 == pytest.approx(
            one["expected_count"], rel=1e-3, abs=1e-3
        )
