"""Embedding on one core: cold, warm, and against the reference's loop or sentence-transformers.

``python -m bench.speed.embedding POSTS --encoder distilbert|minilm --out FILE.json``, in a process
of its own, so that it can be pinned to one core before any library counts the cores.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.speed.bar import Bar, interleaved
from bench.speed.limit import multiply_adds, products_a_second
from bench.speed.machine import NEEDS, pin_to_one_core
from bench.speed.reference import ReferenceEncoder, random_distilbert
from postcast.features.cache import EMBEDDINGS
from postcast.features.digests import Digests
from postcast.features.transformer.encoder import TransformerEncoder
from postcast.features.transformer.named import pretrained_encoder
from postcast.features.transformer.pretrained import find_folder

MUST_REACH = {
    ("distilbert", "fast"): 7.5,
    ("distilbert", "fastest"): 12.5,
    ("minilm", "fast"): 2.4,
    ("minilm", "fastest"): 4.0,
}
NEVER_SLOWER = 0.95
"""The same computation twice differs by less."""

WARM = 150.0
LEAST_SHARE = 0.6
SHAPES = {
    "distilbert": {"width": 768, "layers": 6, "inner": 3072},
    "minilm": {"width": 384, "layers": 6, "inner": 1536},
}
FEW = 120
"""Texts of a round of the reference's loop, each of which takes the same time."""

PRECISIONS = ("exact", "fast", "fastest")


def main() -> None:
    """Measure one encoder and write its bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("posts", type=Path)
    parser.add_argument("--encoder", choices=SHAPES, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--most", type=int, help="Embed the first so many posts alone.")
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    pin_to_one_core()
    with tempfile.TemporaryDirectory() as work:
        texts = texts_of(chosen.posts)[: chosen.most]
        bars = measure(texts, chosen.encoder, chosen.rounds, Path(work))
    chosen.out.write_text(json.dumps(bars, indent=1) + "\n", "utf-8")


def measure(texts: list[str], name: str, rounds: int, work: Path) -> list[dict[str, Any]]:
    """Return the bars of one encoder."""
    import torch

    torch.set_num_threads(1)
    minilm = find_folder("minilm", Digests(None))
    folder = minilm
    if name == "distilbert":
        folder = random_distilbert(work / "distilbert", minilm)
    loaders = {
        precision: partial(_encoder, folder, name, precision, work) for precision in PRECISIONS
    }
    prepared = {}
    for precision, load in loaders.items():
        start = time.perf_counter()
        load().encode(["a first text"])
        prepared[precision] = round(time.perf_counter() - start, 1)
    theirs, words, against = _theirs(name, folder, texts)
    sides: dict[str, Callable[[], float]] = {"theirs": theirs}
    warm: list[float] = []
    busy: dict[str, list[float]] = {precision: [] for precision in PRECISIONS}
    for precision, load in loaders.items():
        kept = warm if precision == "fastest" else []
        sides[precision] = partial(_cold, load, texts, work, kept, busy[precision])
    costs = interleaved(rounds, sides)
    encoders = {precision: load() for precision, load in loaders.items()}
    encoded = encoders["exact"]._tokenizer.encode_batch_fast(texts)
    shape, lengths = SHAPES[name], [len(one.ids) for one in encoded]
    rows = []
    for precision in PRECISIONS:
        peak = products_a_second(encoders[precision].arithmetic)
        rate = multiply_adds(shape, lengths) / (np.median(costs[precision]) * len(texts))
        share = round(float(rate / peak), 3)
        bar = Bar(
            f"embed {len(texts):,} posts, cold cache, {words}, --precision {precision}",
            against,
            costs[precision],
            costs["theirs"],
            MUST_REACH.get((name, precision), 1.0),
            NEEDS[precision],
            {
                "arithmetic": encoders[precision].arithmetic,
                "posts_a_second": round(1 / float(np.median(costs[precision])), 1),
                "share_of_gemm_limit": share,
                "least_share": LEAST_SHARE if name == "distilbert" else None,
                "gemm_gflops": round(2 * peak / 1e9, 1),
                "seconds_to_prepare_once": prepared[precision],
                **_likeness(encoders, precision, texts),
            },
        )
        rows.append(bar.to_dict())
    rows += [_never_slower(busy, precision, words, len(texts)) for precision in PRECISIONS[1:]]
    cold = costs["fastest"]
    rows.append(
        Bar(
            f"embed again, warm cache, {words}, --precision fastest, weights' digest remembered",
            "cold",
            warm,
            cold,
            WARM,
        ).to_dict()
    )
    return rows


def _never_slower(
    costs: dict[str, list[float]], precision: str, words: str, n_texts: int
) -> dict[str, Any]:
    """Return the bar that holds on every processor: a faster precision is not the slower one."""
    what = f"embed {n_texts:,} posts, cold cache, {words}, --precision {precision}, never slower"
    against = "--precision exact, in processor seconds"
    bar = Bar(what, against, costs[precision], costs["exact"], NEVER_SLOWER)
    return bar.to_dict()


def texts_of(posts: Path) -> list[str]:
    """Return the posts' texts that are not blank."""
    from postcast.data.read import read_posts

    return [text for text in read_posts(posts).table["text"].to_list() if text.strip()]


def _theirs(name: str, folder: Path, texts: list[str]) -> tuple[Callable[[], float], str, str]:
    """Return what embeds as others do, in seconds a post, and both sides in words."""
    if name == "distilbert":
        loop = ReferenceEncoder(folder)

        def one_by_one() -> float:
            start = time.perf_counter()
            loop.encode(texts[:FEW])
            return (time.perf_counter() - start) / FEW

        words = "DistilBERT's shape with random weights"
        return one_by_one, words, "the reference's loop, one text at a time, padded to 128"
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu")

    def batches() -> float:
        start = time.perf_counter()
        model.encode(texts, show_progress_bar=False)
        return (time.perf_counter() - start) / len(texts)

    return batches, "MiniLM's real weights", "sentence-transformers encode at its defaults"


def _encoder(folder: Path, name: str, precision: str, work: Path) -> TransformerEncoder:
    pooling = "cls" if name == "distilbert" else "auto"
    return pretrained_encoder(
        str(folder), pooling=pooling, precision=precision, device="cpu", cache=work / "cache"
    )


def _cold(
    load: Callable[[], TransformerEncoder],
    texts: list[str],
    work: Path,
    warm: list[float],
    busy: list[float],
) -> float:
    """Embed with nothing kept, then again by a fresh encoder with all kept; seconds a post.

    `busy` gets the seconds in which the processor was this process's: others do not add to them.
    """
    encoder = load()
    encoder.encode(["a first text"])
    shutil.rmtree(work / "cache" / EMBEDDINGS, ignore_errors=True)
    start, used = time.perf_counter(), time.process_time()
    first = encoder.encode(texts)
    cold = (time.perf_counter() - start) / len(texts)
    busy.append((time.process_time() - used) / len(texts))
    start = time.perf_counter()
    again = load().encode(texts)
    warm.append((time.perf_counter() - start) / len(texts))
    if not np.array_equal(first, again):
        raise SystemExit("a kept vector differs from the one that was computed")
    return cold


def _likeness(
    encoders: dict[str, TransformerEncoder], precision: str, texts: list[str]
) -> dict[str, Any]:
    """Return how near a precision's vectors are to exact ones, and keep the same neighbour."""
    exact, found = (encoders[one].encode(texts[:600]) for one in ("exact", precision))
    exact, found = (one / np.linalg.norm(one, axis=1, keepdims=True) for one in (exact, found))
    cosines = (exact * found).sum(axis=1)
    nearest = []
    for one in (exact, found):
        products = one @ one.T
        np.fill_diagonal(products, -1)
        nearest.append(products.argmax(axis=1))
    return {
        "cosine_mean": round(float(cosines.mean()), 5),
        "cosine_min": round(float(cosines.min()), 5),
        "same_nearest": round(float((nearest[0] == nearest[1]).mean()), 3),
    }


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    main()
