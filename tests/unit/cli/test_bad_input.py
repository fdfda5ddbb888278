"""Whatever is wrong with the input: one line, exit 2, and nothing written."""

import json
import shutil

import pytest

FAST = ("--encoder", "tfidf", "--classifier", "linear")


def table(n, count, text="some text {}"):
    return "id,text,saves\n" + "".join(f"{i},{text.format(i)},{count(i)}\n" for i in range(n))


FILES = [
    (b"", "posts.csv is empty; expected a header and at least one post"),
    (b"id,text,saves\n", "posts.csv has a header but no rows"),
    (b"id\x00\x01\xff\n", "posts.csv is binary: byte 2 is NUL"),
    (b"id,text,saves\n1,b,3,4\n", "1 row of posts.csv can be used (row has too many fields: 1)"),
    (
        b'id,text,saves\n1,"a,2\n',
        "1 row of posts.csv can be used (quote is not closed: 1); expected at least one",
    ),
    (b'{"id": 1,\n{"id": 2,\n', "posts.csv, line 2 is not JSON"),
    (b"PAR1 and then nothing", "is no Parquet file that can be read"),
    (b"\xff\xfei\0d\0,\0\0\xd8", "posts.csv is not UTF-16: byte 0x00 at position 8"),
    (b"id,text\n1,a\n", "no count column among id, text"),
    (b"id,text,saves\n1,a,many\n2,b,few\n", "is a number, found e.g. 'many', 'few'"),
    (table(99, lambda i: 5).encode(), "1 distinct value"),
    (table(10, lambda i: i).encode(), "too few posts: 8 for training and 2 for testing"),
    (table(99, lambda i: i, "the same").encode(), "too few posts: 99 for training and 0"),
]


@pytest.mark.parametrize(("data", "says"), FILES, ids=[says[:40] for _, says in FILES])
def test_a_file_that_cannot_be_learned_from(postcast, tmp_path, data, says):
    path = tmp_path / "posts.csv"
    path.write_bytes(data)
    out = tmp_path / "new" / "RUN"
    assert says in postcast("run", path, *FAST, "--out", out).error
    assert sorted(tmp_path.iterdir()) == [path]


SETTINGS = [
    (("--text-col", "txet"), "no column 'txet'; expected one of id, text, author, created_at"),
    (("--text-col", "txet"), "did you mean 'text'?"),
    (("--count-col", "author"), "in column 'author' is a number, found e.g. 'a0'"),
    (("--coverage", "2"), "coverage 2.0; expected a number between 0 and 1"),
    (("--test-size", "0"), "test-size 0.0; expected a number between 0 and 0.9"),
    (("--test-size", "nan"), "test-size nan"),
    (("--seed", "-1"), "seed -1; expected a whole number from 0"),
    (("--seed", "4294967296"), "seed 4294967296; expected a whole number from 0"),
    (("--split", "chronologic"), "did you mean 'chronological'?"),
    (("--classes", "fixed"), "give --classes fixed --thresholds 3,6"),
    (("--thresholds", "6,3"), "expected two ascending numbers"),
    (("--thresholds", "a,b"), "expected two numbers, as in 3,6"),
    (("--thresholds", "1000,2000"), "class medium and high is empty"),
    (("--maturity", "soon"), "maturity 'soon' makes no sense"),
    (("--timezone", "Nowhere/City"), "no time zone 'Nowhere/City'"),
    (("--reader", "jsonl"), "no reader 'jsonl'; expected one of"),
    (("--encoder", "./nowhere"), "no folder ./nowhere"),
    (("--pooling", "mean"), "leave --pooling out"),
    (("--config", "nowhere.toml"), "cannot read nowhere.toml: No such file"),
]


@pytest.mark.parametrize(("options", "says"), SETTINGS, ids=[" ".join(o) for o, _ in SETTINGS])
def test_a_setting_that_makes_no_sense(postcast, monkeypatch, posts_file, tmp_path, options, says):
    monkeypatch.chdir(tmp_path)
    answer = postcast("run", posts_file, *FAST, *options, "--out", "RUN")
    assert says in answer.error
    assert sorted(tmp_path.iterdir()) == [posts_file]


CONFIGS = [
    (b"test_sise = 0.3", "unknown setting 'test_sise'"),
    (b"test_sise = 0.3", "did you mean 'test_size'?"),
    (b'test_size = "much"', "test_size = 'much'; expected a number"),
    (b"maturity = 1.5", "maturity = 1.5; expected a text"),
    (b"text_col = [5]", "text_col = [5]; expected a list of texts"),
    (b"[learning]\nseed = 1", "a table [learning] in c.toml; expected flat settings"),
    (b"seed is one", "c.toml is not TOML: "),
    (b"\xff\xfe", "c.toml is not TOML: "),
]


@pytest.mark.parametrize(("text", "says"), CONFIGS)
def test_a_configuration_that_makes_no_sense(
    postcast, monkeypatch, posts_file, tmp_path, text, says
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.toml").write_bytes(text)
    answer = postcast("run", posts_file, *FAST, "--config", "c.toml", "--out", "RUN")
    assert says in answer.error
    assert not (tmp_path / "RUN").exists()


@pytest.mark.parametrize("name", ["run", "prepare", "evaluate", "predict"])
def test_a_missing_file_and_a_folder(postcast, sample_run, tmp_path, name):
    before = (sample_run,) if name in ("evaluate", "predict") else ()
    out = tmp_path / "out"
    missing = postcast(name, *before, tmp_path / "no.csv", "--out", out)
    assert missing.error.endswith("no.csv; expected a file of posts; check the path")
    assert "is a folder" in postcast(name, *before, tmp_path, "--out", out).error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["embed", "train"])
def test_posts_that_are_not_prepared(postcast, posts_file, tmp_path, name):
    out = tmp_path / "out"
    says = "run `postcast prepare` first"
    assert says in postcast(name, posts_file, "--encoder", "tfidf", "--out", out).error
    assert "no file" in postcast(name, tmp_path / "no.parquet", "--out", out).error
    assert not out.exists()


@pytest.mark.parametrize("name", ["run", "prepare", "evaluate", "predict", "embed", "train"])
def test_an_output_below_a_file(postcast, sample_run, tmp_path, name):
    (tmp_path / "file").write_text("kept")
    posts = sample_run / ("posts.parquet" if name in ("embed", "train") else "predictions.csv")
    text = ("--text-col", "author") if name in ("run", "prepare", "predict", "evaluate") else ()
    before = (sample_run,) if name in ("evaluate", "predict") else ()
    options = FAST if name in ("run", "train") else FAST[:2] if name == "embed" else ()
    answer = postcast(name, *before, posts, *text, *options, "--out", tmp_path / "file" / "out")
    assert "cannot write" in answer.error
    assert (tmp_path / "file").read_text() == "kept"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("name", ["run", "train", "embed", "evaluate"])
def test_an_output_that_is_a_file(postcast, sample_run, tmp_path, name):
    out = tmp_path / "out"
    out.write_text("kept")
    before = (sample_run,) if name == "evaluate" else ()
    options = FAST if name in ("run", "train") else FAST[:2] if name == "embed" else ()
    answer = postcast(name, *before, sample_run / "posts.parquet", *options, "--out", out)
    assert "out is a file; expected a folder" in answer.error
    assert out.read_text() == "kept"


def test_a_full_disk_in_the_middle_leaves_nothing(
    postcast, monkeypatch, without_figures, posts_file, tmp_path
):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("postcast.evaluate.report.render_report", full)
    answer = postcast("run", posts_file, *FAST, "--out", tmp_path / "new" / "RUN")
    assert "the disk is full" in answer.error
    assert sorted(tmp_path.iterdir()) == [posts_file]


def test_an_evaluation_never_replaces_a_run(postcast, sample_run):
    before = (sample_run / "scorecard.json").read_bytes()
    answer = postcast("evaluate", sample_run, sample_run / "posts.parquet", "--out", sample_run)
    assert "holds a run" in answer.error
    assert (sample_run / "scorecard.json").read_bytes() == before


def test_a_gpu_that_is_not_there_is_refused_at_once(postcast, sample_run, posts_file, tmp_path):
    for arguments in (
        ("run", posts_file, "--out", tmp_path / "RUN", *FAST),
        ("predict", sample_run, "--text", "a"),
    ):
        assert "torch finds no GPU" in postcast(*arguments, "--device", "cuda").error
    assert not (tmp_path / "RUN").exists()


def test_closed_standard_input(postcast, monkeypatch, tmp_path):
    monkeypatch.setattr("sys.stdin", None)
    error = postcast("prepare", "-", "--out", tmp_path / "posts.parquet").error
    assert error.startswith("standard input is closed")


def test_a_broken_scorecard_is_named(postcast, sample_run, tmp_path):
    shutil.copytree(sample_run, tmp_path / "RUN")
    (tmp_path / "RUN" / "scorecard.json").write_text("{}")
    assert "scorecard.json is broken" in postcast("predict", tmp_path / "RUN", "--text", "a").error


def test_an_old_run_stands_until_the_new_one_is_there(postcast, sample_run, tmp_path):
    shutil.copytree(sample_run, tmp_path / "RUN")
    one_class = json.dumps([{"text": f"a{i} b", "saves": 1} for i in range(100)])
    (tmp_path / "bad.json").write_text(one_class)
    arguments = ("run", tmp_path / "bad.json", "--out", tmp_path / "RUN", "--overwrite", *FAST)
    assert "1 distinct value (1)" in postcast(*arguments).error
    assert (tmp_path / "RUN" / "report.html").read_bytes() == (
        sample_run / "report.html"
    ).read_bytes()
