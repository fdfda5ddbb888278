"""How good classifiers are, under one protocol, on any posts.

``python -m bench.quality POSTS --protocol cv --classifiers strong,reference --out FILE.json``.
AutoGluon is run by an interpreter of its own, see ``--autogluon``.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.machine import measured_on
from bench.opponent import Autogluon
from postcast.data.folds import PROTOCOLS
from postcast.evaluate import leaderboard
from postcast.evaluate.leaderboard import COMPARED, TFIDF_LINEAR, standings
from postcast.experiment import Contest, Trials, run_trials
from postcast.features.text import load_encoder, resolve_name
from postcast.reading import encoder_choice, read
from postcast.settings import READING, Settings, field_type

OPPONENTS = (*leaderboard.OPPONENTS, "neural", "hypergraph", "autogluon")
CLASSIFIERS = f"strong,reference,{TFIDF_LINEAR},linear,neural,author-median,majority"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write."""
    chosen = _parser().parse_args(arguments)
    settings = _settings(chosen)
    posts = read(chosen.posts, settings)
    trials = Trials(
        protocol=chosen.protocol,
        mode=chosen.mode,
        maturity=chosen.maturity,
        repeats=chosen.repeats,
        target=chosen.target,
        class_weights=settings.class_weights,
        prior_correction=settings.prior_correction,
        seed=settings.seed,
        device="cpu",
    )
    names = tuple(chosen.classifiers.split(","))
    outsiders = {}
    if "autogluon" in names:
        python, seconds = chosen.autogluon, chosen.autogluon_seconds
        outsiders["autogluon"] = Autogluon(python, encoder_choice(settings), seconds)
    contest = Contest(
        classifiers=tuple(name for name in names if name != "autogluon"),
        load=partial(load_encoder, encoder_choice(settings)),
        outsiders=outsiders,
        jobs=chosen.jobs,
    )
    start = time.perf_counter()
    found = run_trials(posts, trials, contest)
    result = {
        **measured_on(),
        "posts": chosen.posts.name,
        "encoder": settings.encoder,
        "precision": settings.precision,
        **dataclasses.asdict(trials),
        "seconds": round(time.perf_counter() - start, 1),
        "classifiers": {name: one.to_dict() for name, one in standings(found, OPPONENTS).items()},
    }
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    for name, one in result["classifiers"].items():
        print(f"{name:<14}", *(f"{key} {_shown(one[key])}" for key in COMPARED), _repeats(one))


def _shown(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return "–"
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def _repeats(one: dict[str, Any]) -> str:
    values = ", ".join(f"{row['macro_f1']:.3f}" for row in one["repeats"])
    return f"| each {values} | mean {one['mean_of_repeats']['macro_f1']:.3f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("posts", type=Path)
    parser.add_argument("--protocol", choices=list(PROTOCOLS), default="cv")
    parser.add_argument("--mode", choices=["frozen", "online"], default="frozen")
    parser.add_argument("--maturity", default="0")
    parser.add_argument("--classifiers", default=CLASSIFIERS)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--target", choices=["class", "count", "relative"], default="class")
    parser.add_argument("--jobs", type=int, default=1, help="folds at once")
    parser.add_argument("--autogluon", type=Path, help="a Python that has autogluon.tabular")
    parser.add_argument("--autogluon-seconds", type=int, default=120, help="for each fold")
    parser.add_argument("--out", type=Path, required=True)
    for one in _reading():
        action = "append" if field_type(one) == tuple[str, ...] else "store"
        parser.add_argument("--" + one.name.replace("_", "-"), action=action)
    parser.add_argument("--seed", type=int, default=42)
    return parser


def _reading() -> list[dataclasses.Field[Any]]:
    """Return the settings that tell how the posts are read, embedded and decided on."""
    names = ("encoder", "pooling", "precision", "cache", "class_weights", "prior_correction")
    return [
        one
        for one in dataclasses.fields(Settings)
        if one.metadata["panel"] == READING or one.name in names
    ]


def _settings(chosen: argparse.Namespace) -> Settings:
    given = {one.name: getattr(chosen, one.name) for one in _reading()}
    given = {name: value for name, value in given.items() if value is not None}
    protocol = "reference" if chosen.protocol == "reference" else "postcast"
    settings = Settings.from_mapping({**given, "seed": chosen.seed, "protocol": protocol})
    return dataclasses.replace(settings, encoder=resolve_name(settings.encoder))


if __name__ == "__main__":
    main()
