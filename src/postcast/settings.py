"""Every choice of a training, in one flat frozen dataclass, read from one TOML file.

A new choice is one field here: the command line makes its option from it. Read by training,
the command line and the server only.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from postcast.errors import SettingsError
from postcast.setting_values import Kind, check_allowed, check_between, check_type, fitted


def _choice(
    default: Any, text: str, panel: str, allowed: tuple[str, ...] = (), metavar: str = ""
) -> Any:
    return field(
        default=default,
        metadata={"help": text, "panel": panel, "allowed": allowed, "metavar": metavar},
    )


READING = "What is what in the file"
LEARNING = "Learning"
TESTING = "Testing"
MACHINE = "Machine"

LARGEST_SEED = 2**32 - 1
"""What every library that draws numbers takes."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How posts are read, learned from and tested on.

    The fields are those of the command line, with underscores; see ``postcast run --help``.

    Raises
    ------
    SettingsError
        If a value is not one of those allowed.
    """

    text_col: tuple[str, ...] = _choice(
        (), "Column of the text; give it again to join several.", READING, metavar="COLUMN"
    )
    title_col: str | None = _choice(None, "Column of the title.", READING, metavar="COLUMN")
    author_col: str | None = _choice(None, "Column of the author.", READING, metavar="COLUMN")
    time_col: str | None = _choice(
        None, "Column of the time of publishing.", READING, metavar="COLUMN"
    )
    count_col: str | None = _choice(
        None, "Column of the engagement: repins, saves, score, likes.", READING, metavar="COLUMN"
    )
    id_col: str | None = _choice(None, "Column of the id.", READING, metavar="COLUMN")
    category_col: str | None = _choice(
        None, "Column of the category: board, subreddit, topic.", READING, metavar="COLUMN"
    )
    image_col: str | None = _choice(None, "Column of the image's path.", READING, metavar="COLUMN")
    image_root: str | None = _choice(
        None,
        "Folder of the images: relative paths start there, and none is read outside of it "
        "[default: the posts' own].",
        READING,
        metavar="DIR",
    )
    tags_col: str | None = _choice(None, "Column of the hashtags.", READING, metavar="COLUMN")
    timezone: str = _choice(
        "UTC", "Zone of times that name none, as in Europe/Paris.", READING, metavar="ZONE"
    )
    dayfirst: bool = _choice(False, "Dates such as 03/04/2025 begin with the day.", READING)
    monthfirst: bool = _choice(
        False,
        "Dates such as 03/04/2025 begin with the month. Without either option the whole column "
        "decides, where it can.",
        READING,
    )
    reader: str = _choice(
        "auto",
        "Format, as postcast formats lists them; auto tells it by content.",
        READING,
        metavar="FORMAT",
    )
    encoder: str = _choice(
        "auto",
        "minilm, tfidf, distilbert-base-uncased, another hub name, or a folder. auto takes "
        "minilm where it is installed, else tfidf.",
        LEARNING,
        metavar="NAME",
    )
    image_encoder: str = _choice(
        "auto",
        "What looks at posts' images: efficientnet-lite0, a hub name, a folder, plain (size, "
        "light, colours alone), or none. auto takes the first of efficientnet-lite0, plain and "
        "none that is installed, where the posts have images.",
        LEARNING,
        metavar="NAME",
    )
    pooling: str = _choice(
        "auto",
        "How token vectors become one: cls, or the mean over real tokens. auto: as published, "
        "cls for DistilBERT.",
        LEARNING,
        ("auto", "cls", "mean"),
    )
    classifier: str = _choice(
        "strong",
        "strong (texts, context, the author's form and like posts), hypergraph (a post beside its "
        "neighbours), ensemble (both), neural, linear, majority, author-median, or reference (the "
        "reference's network and its 200 epochs).",
        LEARNING,
        (
            "strong",
            "hypergraph",
            "ensemble",
            "neural",
            "linear",
            "majority",
            "author-median",
            "reference",
        ),
    )
    class_weights: str = _choice(
        "balanced",
        "Whether rare classes weigh more in the loss of neural, hypergraph and linear.",
        LEARNING,
        ("balanced", "none"),
    )
    prior_correction: str = _choice(
        "auto",
        "How far a decision is corrected for the classes' shares: not at all, by their root, or "
        "in full, so that a class is forecast where it is likelier than usual. auto: full for "
        "strong and ensemble, else as the class weights have it.",
        LEARNING,
        ("auto", "none", "half", "full"),
    )
    target: str = _choice(
        "auto",
        "What is forecast: the popularity class; with count, also the count (strong, hypergraph, "
        "ensemble); with relative, the class against the mean of the author's previous 50 posts. "
        "auto: count where one of these reads a challenge that scores counts (SMPD, ICIP 2020), "
        "else class.",
        LEARNING,
        ("auto", "class", "count", "relative"),
    )
    classes: str = _choice(
        "quantile",
        "Where classes begin: at the terciles of the training posts' counts, or at --thresholds.",
        LEARNING,
        ("quantile", "fixed"),
    )
    thresholds: tuple[float, ...] = _choice(
        (),
        "Where medium and high begin, as in 3,6; means --classes fixed.",
        LEARNING,
        metavar="M,H",
    )
    split: str = _choice(
        "auto",
        "Which posts test: the newest (chronological), a random share of each class "
        "(stratified), or whole authors (grouped). auto: chronological where there is a time "
        "or an ordered id, else stratified.",
        TESTING,
        ("auto", "chronological", "stratified", "grouped"),
    )
    protocol: str = _choice(
        "postcast",
        "postcast, or reference: its own rows (counts of -1 too), order, thresholds over all "
        "rows and unstratified 80/20 split, for checking our figures against its.",
        TESTING,
        ("postcast", "reference"),
    )
    test_size: float = _choice(0.2, "Share of the posts that test.", TESTING, metavar="SHARE")
    maturity: str = _choice(
        "0",
        "How long a count needs to settle: a duration (7d, 12h) or, where only the order is "
        "known, a number of posts. Younger posts are not learned from.",
        TESTING,
        metavar="DURATION|POSTS",
    )
    mode: str = _choice(
        "frozen",
        "What is known while testing: nothing after training (frozen), or the counts of earlier "
        "test posts too, once they are mature (online).",
        TESTING,
        ("frozen", "online"),
    )
    allow_leaks: tuple[str, ...] = _choice(
        (),
        "A column that is not to count as a leak, or 'row order', 'copies', 'same images' or "
        "'author'; give it again for several.",
        TESTING,
        metavar="COLUMN",
    )
    coverage: float = _choice(
        0.9, "How often the set of classes is to hold the truth.", LEARNING, metavar="SHARE"
    )
    seed: int = _choice(42, "Same seed and input, same bytes.", MACHINE, metavar="NUMBER")
    device: str = _choice("auto", "Where torch computes.", MACHINE, ("auto", "cpu", "cuda"))
    precision: str = _choice(
        "exact",
        "Arithmetic of the encoder: float32 (exact), bfloat16 (fast), or int8 where most of the "
        "work is (fastest; the run says what it cost).",
        MACHINE,
        ("exact", "fast", "fastest"),
    )
    jobs: int = _choice(
        1, "Processes that embed, each with its share of the cores.", MACHINE, metavar="NUMBER"
    )
    no_posts: bool = _choice(
        False, "Keep vectors and counts of the posts, and no text, name or id.", MACHINE
    )
    raw_csv: bool = _choice(
        False,
        "Leave text in CSV files as it is, for programs; else an apostrophe stands before what a "
        "spreadsheet would compute.",
        MACHINE,
    )
    track: str = _choice("none", "Where a finished run is logged.", MACHINE, ("none", "mlflow"))
    cache: str | None = _choice(
        None,
        "Folder of kept embeddings [default: $POSTCAST_CACHE, else postcast in the user's cache "
        "folder].",
        MACHINE,
        metavar="DIR",
    )

    def __repr__(self) -> str:
        """Name the settings that are not the usual ones."""
        changed = [
            f"{setting.name}={value!r}"
            for setting in dataclasses.fields(self)
            if (value := getattr(self, setting.name)) != setting.default
        ]
        return f"Settings({', '.join(changed)})"

    def __post_init__(self) -> None:
        for one in dataclasses.fields(self):
            check_type(one, field_type(one), getattr(self, one.name))
            check_allowed(one, getattr(self, one.name))
        check_between("test-size", self.test_size, 0.0, 0.9)
        check_between("coverage", self.coverage, 0.0, 1.0)
        if not 0 <= self.seed <= LARGEST_SEED:
            raise SettingsError(f"seed {self.seed}", f"a whole number from 0 to {LARGEST_SEED}")
        if self.dayfirst and self.monthfirst:
            raise SettingsError("both --dayfirst and --monthfirst", "one of them, or neither")
        if self.jobs < 1:
            raise SettingsError(f"jobs {self.jobs}", "1 or more processes")
        if (self.classes == "fixed") != bool(self.thresholds):
            raise SettingsError(
                f"classes {self.classes} with thresholds {list(self.thresholds)}",
                "both or neither",
                "give --classes fixed --thresholds 3,6",
            )

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Settings:
        """Return settings from plain values, lists taken as tuples.

        Thresholds alone mean fixed classes.

        Raises
        ------
        SettingsError
            If a key is unknown (the nearest is named) or a value does not fit.
        """
        known = {one.name: one for one in dataclasses.fields(cls)}
        for key in values:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                raise SettingsError(
                    f"unknown setting {key!r}",
                    "one of " + ", ".join(known),
                    f"did you mean {near[0]!r}?" if near else "",
                )
        if values.get("thresholds") and "classes" not in values:
            values = {**values, "classes": "fixed"}
        kinds = {name: field_type(one) for name, one in known.items()}
        return cls(**{name: fitted(kinds[name], value) for name, value in values.items()})

    @property
    def day_first(self) -> bool | None:
        """Whether dates of three numbers begin with the day; None where their column decides."""
        return self.dayfirst or (False if self.monthfirst else None)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain JSON types."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in dataclasses.asdict(self).items()
        }


def read_config(path: Path) -> dict[str, Any]:
    """Return the settings that a flat TOML file names.

    Raises
    ------
    SettingsError
        If it cannot be read, is no TOML, or is not flat.
    """
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from error
    for key, value in values.items():
        if isinstance(value, dict):
            raise SettingsError(f"a table [{key}] in {path}", "flat settings: name = value")
    return values


def field_type(one: dataclasses.Field[Any]) -> Kind:
    """Return a setting's type without its None: str, int, float or a tuple of them."""
    hint = _type_hints()[one.name]
    if isinstance(hint, types.UnionType):
        hint = next(part for part in hint.__args__ if part is not type(None))
    return typing.cast("Kind", hint)


@functools.cache
def _type_hints() -> dict[str, Any]:
    return typing.get_type_hints(Settings)
