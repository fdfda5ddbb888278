"""Forecasters that keep no post: nothing of one can be read anywhere in the run, and they answer
as they would have with it."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from postcast import Post, load, read_posts, train
from postcast.cli.main import exit_code
from postcast.data.columns import Columns
from postcast.errors import OutputError, SettingsError, SplitError
from postcast.explain import explain
from postcast.scoring import score_posts
from postcast.settings import Settings, read_config
from postcast.update import update

NAMES = ["Zéphyrine Quill", "Ödön Vashkent", "Brömwell & Fitch", "Ünal Korvath"]
CATEGORIES = ["Glümbing", "Vortrekking", "Snarkology"]
TEXTS = {"text_col": ["title", "description"], "encoder": "tfidf"}
COLUMNS = Columns(text=("title", "description"))
FAST = TEXTS | {"classifier": "linear", "no_posts": True}


def rare(number: int) -> str:
    """A word that no library has heard of, another one for each number."""
    letters = "bdfgklmnprstvz"
    places = ((0, "aeiou"), (1, "uoiea"))
    sounds = [letters[number // 14**n % 14] + vowels[number // 3 % 5] for n, vowels in places]
    return f"qux{''.join(sounds)}ïx{letters[number // 196 % 14]}{number // 2744}y"


def rows(n: int = 240) -> list[dict[str, object]]:
    """Posts of which each has words, an id, an image and a title of its own."""
    found = []
    for i in range(n):
        level = (i * i + i // 5) % 3
        mine, shared = rare(2 * i + 1), rare(9_000 + i // 2)
        words = ("dull", "plain", "easy")[level], "things", mine, "of note by the sea", shared
        found.append(
            {
                "id": f"81234567{i * 7919:09d}",
                "title": f"Titel {rare(2 * i)}",
                "description": " ".join(words),
                "author": NAMES[i % 4],
                "category": CATEGORIES[i // 2 % 3],
                "tags": f"tagwörth{i % 5}, zzlone{rare(5_000 + i)}",
                "image": f"pictures/{rare(7_000 + i)}.jpg",
                "created_at": f"2024-{1 + i // 28:02d}-{1 + i % 28:02d}T08:{i % 60:02d}:11Z",
                "saves": level * 20 + i % 9,
            }
        )
    return found


def written(folder: Path) -> bytes:
    """All that stands in a folder: names and bytes, and tables as they are read."""
    found = []
    for path in sorted(folder.rglob("*")):
        found.append(str(path.relative_to(folder)).encode())
        if path.is_file():
            found.append(path.read_bytes())
        if path.suffix == ".parquet":
            found.append(pl.read_parquet(path).write_csv().encode())
            found.append(json.dumps(pl.read_parquet_metadata(path), ensure_ascii=False).encode())
    return b"\n".join(found)


def needles(posts: list[dict[str, object]]) -> set[str]:
    """What may stand nowhere: all that tells a post, and every word that only one of them has."""
    told = {str(post[k]) for post in posts for k in ("id", "title", "description", "image", "tags")}
    told |= {*NAMES, *CATEGORIES, *(name.split()[0] for name in NAMES)}
    told |= {tag for post in posts for tag in str(post["tags"]).split(", ")}
    words = Counter(
        word
        for post in posts
        for word in set(f"{post['title']} {post['description']} {post['image']}".split())
    )
    return told | {word for word, n_posts in words.items() if n_posts == 1}


def spellings(text: str) -> set[bytes]:
    """The ways in which a file may hold a text."""
    forms = {text, text.lower(), text.casefold(), text.upper(), text.replace("&", "&amp;")}
    found = set()
    for form in forms:
        found |= {form.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le")}
        found |= {json.dumps(form)[1:-1].encode(), form.encode("latin-1", "replace")}
        found.add(form.encode("ascii", "xmlcharrefreplace"))
    if text.isdigit():
        found |= {int(text).to_bytes(8, order) for order in ("little", "big")}
    return found


def told_in(folder: Path, posts: list[dict[str, object]]) -> set[str]:
    everything = written(folder)
    return {text for text in needles(posts) if any(one in everything for one in spellings(text))}


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, Path]:
    """The same posts in a run that tells them, and in one that does not, with all their files."""
    folder = tmp_path_factory.mktemp("runs")
    for name, hides in (("open", False), ("closed", True)):
        settings = TEXTS | {"no_posts": hides, "cache": str(folder / "cache")}
        train(rows(), settings, out=folder / name)
    return {name: folder / name for name in ("open", "closed")}


def test_nothing_of_a_post_stands_in_the_run(runs):
    posts = rows()
    assert len(needles(posts)) > 5 * len(posts)
    assert needles(posts) - told_in(runs["open"], posts) <= {str(post["tags"]) for post in posts}
    assert told_in(runs["closed"], posts) == set()


def test_an_author_is_known_by_name_as_with_posts(runs):
    for run in runs.values():
        forecaster = load(run)
        for author, is_part in ((NAMES[0], True), ("Nobody Known", False)):
            draft = Post(text="easy things of note", author=author)
            told = [part.name for part in explain(forecaster, draft).parts]
            assert (f"author {author}" in told) is is_part


def test_no_word_at_all_stands_in_the_forecaster(runs):
    everything = written(runs["closed"] / "forecaster")
    assert not [word for word in ("things", "easy", "note", "sea") if word.encode() in everything]


def ordered_by_ids(n: int = 240) -> list[dict[str, object]]:
    """Posts with Pinterest's ids for a time and an author; every seventh says nothing."""
    posts = []
    for i, post in enumerate(rows(n)):
        pin = ((i % 4 + 3) << 46) + (1 << 36) + 9_000_000_000 + i * 7_654_321
        kept = {k: post[k] for k in ("title", "description", "saves")} | {"id": str(pin)}
        posts.append(kept if i % 7 else kept | {"title": "", "description": ""})
    return posts


def places_told(run: Path, posts) -> int:
    """How many of the posts' places in Pinterest's order can be read in a run."""
    everything = written(run)
    assert not [p["id"] for p in posts if any(one in everything for one in spellings(p["id"]))]
    local = [int(post["id"]) % (1 << 36) for post in posts]
    spelled = [{one.to_bytes(8, "little"), str(one).encode()} for one in local]
    return sum(any(one in everything for one in ways) for ways in spelled)


def test_ids_that_order_posts_are_not_told_by_their_order(tmp_path):
    posts = ordered_by_ids()
    forecaster = train(posts, FAST | {"classifier": "strong"}, out=tmp_path / "RUN")
    assert forecaster.bank.ordering == "id"
    assert places_told(tmp_path / "RUN", posts) < 3


def test_nothing_of_later_posts_stands_in_the_run_that_takes_them_in(no_pictures, tmp_path):
    everyone, run = rows(300), tmp_path / "RUN"
    train(everyone[:240], FAST | {"classifier": "strong"}, out=run)
    done = update(run, read_posts(everyone[240:], COLUMNS))
    assert (done.taken, done.known) == (60, 0)
    assert told_in(run, everyone) == set()
    again = update(run, read_posts(everyone[240:], COLUMNS))
    assert (again.taken, again.known) == (0, 60)


def test_the_ids_of_later_posts_are_not_told_by_their_order(no_pictures, tmp_path):
    everyone, run = ordered_by_ids(300), tmp_path / "RUN"
    train(everyone[:240], FAST | {"classifier": "strong"}, out=run)
    later = read_posts(everyone[240:], COLUMNS)
    done = update(run, later)
    n_silent = sum(not post["description"] for post in everyone[240:])
    assert (done.taken, done.known) == (60 - n_silent, n_silent)
    assert places_told(run, everyone) < 3
    assert update(run, later).taken == 0
    bank = load(run).bank
    for author in range(4):
        old, new = (
            bank.order[part][bank.author[part] == author] for part in (slice(240), slice(240, None))
        )
        assert old.max() < new.min()


@pytest.mark.parametrize("classifier", ["strong", "linear", "author-median"])
def test_what_is_hidden_changes_no_forecast(monkeypatch, tmp_path, classifier):
    settings = FAST | {"classifier": classifier}
    closed = train(rows(), settings, out=tmp_path / "RUN")
    monkeypatch.setattr("postcast.training.hidden", lambda forecaster, disguise: forecaster)
    told = train(rows(), settings)
    drafts = rows(60)
    expected = told.predict(drafts)
    assert told.bank.wordings is not None
    assert closed.predict(drafts) == expected
    assert load(tmp_path / "RUN").predict(drafts) == expected
    for name, baseline in told.baselines.items():
        assert load(tmp_path / "RUN").baselines[name].predict(drafts) == baseline.predict(drafts)
    assert closed.scorecard == told.scorecard


@pytest.mark.parametrize(("encoder", "classifier"), [("tfidf", "author-median"), (None, "linear")])
def test_without_a_vocabulary_forecasts_are_those_of_a_run_with_posts(request, encoder, classifier):
    encoder = encoder or str(request.getfixturevalue("tiny_distilbert"))
    settings = TEXTS | {"encoder": encoder, "classifier": classifier}
    told, closed = (train(rows(), settings | {"no_posts": hides}) for hides in (False, True))
    assert closed.predict(rows(40)) == told.predict(rows(40))


def strangers(forecaster, *authors: str) -> list[bool]:
    """Whether each author is told to be unknown."""
    posts = [Post(text="easy things", author=name) for name in authors]
    return [any("author" in one for one in f.warnings) for f in forecaster.predict(posts)]


def test_authors_are_recognised_by_name(runs):
    closed = load(runs["closed"])
    assert strangers(closed, *NAMES) == [False] * 4
    assert strangers(closed, "Nobody", closed.bank.authors[0]) == [True, True]
    posts = [Post(text="easy things", author=name) for name in (NAMES[0], "Nobody")]
    known, unknown = closed.predict(posts)
    assert known.probabilities != unknown.probabilities


def test_the_files_are_those_of_any_run(runs):
    names = [sorted(p.name for p in run.iterdir()) for run in runs.values()]
    assert names[0] == names[1]
    tables = [pl.read_csv(run / "predictions.csv", infer_schema=False) for run in runs.values()]
    assert tables[0].columns == tables[1].columns
    assert len(tables[0]) == len(tables[1])
    posts = [pl.read_parquet(run / "posts.parquet") for run in runs.values()]
    assert posts[0].schema == posts[1].schema
    assert posts[0]["engagement"].equals(posts[1]["engagement"])
    assert posts[1]["author"].n_unique() == 4
    assert tables[1]["id"].to_list() == posts[1]["row"].cast(pl.String).to_list()[-len(tables[1]) :]
    assert json.loads((runs["closed"] / "run.json").read_text())["settings"]["no_posts"] is True


def test_copies_of_training_posts_are_still_left_out(runs):
    closed = load(runs["closed"])
    with pytest.raises(SplitError, match="100 whose text or image"):
        score_posts(closed, read_posts(rows(100), COLUMNS))
    others = [post | {"title": f"Neu {i}"} for i, post in enumerate(rows(40))]
    posts = read_posts([*others, *rows(100)[40:]], COLUMNS)
    assert len(score_posts(closed, posts).drafts) == 40


def test_a_finished_run_is_continued_and_one_with_posts_is_another(
    no_pictures, monkeypatch, tmp_path
):
    train(rows(), FAST, out=tmp_path / "RUN")
    monkeypatch.setattr("postcast.training._learn", lambda *_: pytest.fail("learned again"))
    again = train(rows(), FAST, out=tmp_path / "RUN")
    assert again.bank.disguise is not None
    with pytest.raises(OutputError, match="other settings"):
        train(rows(), FAST | {"no_posts": False}, out=tmp_path / "RUN")


def test_the_same_run_is_the_same_bytes(no_pictures, tmp_path):
    for name in ("one", "two"):
        train(rows(), FAST, out=tmp_path / name)
    parts = [written(tmp_path / name / "forecaster") for name in ("one", "two")]
    assert parts[0] == parts[1]


def test_it_is_a_flag_a_line_of_a_file_and_a_setting(tmp_path, capsys):
    (tmp_path / "s.toml").write_text("no_posts = true\n")
    assert Settings.from_mapping(read_config(tmp_path / "s.toml")).no_posts is True
    (tmp_path / "s.toml").write_text('no_posts = "yes"\n')
    with pytest.raises(SettingsError, match=r"true or false"):
        Settings.from_mapping(read_config(tmp_path / "s.toml"))
    assert exit_code(["run", "--no-posts", "yes", "--out", str(tmp_path / "RUN")]) == 2
    assert "yes" in capsys.readouterr().err


def test_images_that_were_learned_from_are_left_out_and_not_told(no_pictures, tmp_path):
    image = pytest.importorskip("PIL.Image", reason="SKIPPED: Pillow is not installed")
    posts = rows()
    for number, post in enumerate(posts):
        post["image"] = str(tmp_path / f"{number}.png")
        if number % 8:  # the others share a placeholder
            image.new("RGB", (5, 5), (number, 3, 0)).save(post["image"])
        else:
            image.new("RGB", (5, 5), (0, 0, 255)).save(post["image"])
    (tmp_path / "239.png").write_bytes(b"no image")
    settings = TEXTS | {"classifier": "linear", "image_encoder": "plain"}
    others = [
        post | {"title": f"Neu {number}", "description": f"Anders {rare(11_000 + number)}"}
        for number, post in enumerate(posts)
    ]
    image.new("RGB", (5, 5), (9, 9, 9)).save(tmp_path / "new.png")
    others[1]["image"] = str(tmp_path / "new.png")
    labelled = read_posts(others, COLUMNS)
    for hides in (False, True):
        out = tmp_path / f"RUN-{hides}"
        learned = set(train(posts, settings | {"no_posts": hides}, out=out).bank.ids)
        n_learned = 192 if hides else len(learned)
        assert n_learned == len(learned)
        left = score_posts(load(out), labelled).drafts.ids
        known = {p["id"] for i, p in enumerate(posts) if i % 8 and i not in (1, 239)}
        told = {posts[int(one) - 1]["id"] for one in learned} if hides else learned
        assert set(left) == {post["id"] for post in posts} - (told & known)
        digests = [hashlib.sha256(Path(str(p["image"])).read_bytes()) for p in posts]
        everything = written(out)
        found = [one for one in digests if one.digest()[:16] in everything]
        assert bool(found) is not hides
        assert not [one for one in digests if one.hexdigest()[:16].encode() in everything]
