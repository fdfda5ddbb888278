"""A pretrained encoder → a graph for OpenVINO and its tokenizer, by torch, once an encoder.

Knows no cache and no post.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.errors import EncoderError, MissingExtraError
from postcast.features.transformer.arithmetic import FLOAT32
from postcast.features.transformer.graph import GRAPH, TOKENIZER, WEIGHTS, Graph, without_telemetry
from postcast.features.transformer.pretrained import LICENCE_FILES, files_of
from postcast.features.transformer.torch_model import load_model, pooled, quiet, tokenizer_json

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from postcast.features.transformer.facts import EncoderFacts
    from postcast.schema import IntArray

CALIBRATED_ON = 300
"""Random texts from which the ranges of int8 are taken."""

MOST_TRACED_ERROR = 1e-3
"""By how much a graph may differ from torch, relative to a vector's largest component."""


def make_graph(origin: Path, facts: EncoderFacts, weights: str, folder: Path) -> None:
    """Write an encoder's graph, tokenizer and licences.

    Pooling and scaling to length one are part of the graph.

    Parameters
    ----------
    origin : Path
        The pretrained encoder's folder.
    facts : EncoderFacts
    weights : {"float32", "int8"}
        ``int8`` is static post-training quantisation, with smoothing of activations (Xiao et
        al., SmoothQuant, ICML 2023), as NNCF does it. Its ranges are taken from random words
        of the encoder's own vocabulary, so that the graph depends on nothing but the encoder.
    folder : Path
        Exists, and is empty.

    Raises
    ------
    EncoderError
        If it cannot be loaded, or its graph would not answer as it does.
    """
    from tokenizers import Tokenizer

    (folder / TOKENIZER).write_text(tokenizer_json(origin), "utf-8")
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    model = load_model(origin)
    with without_telemetry():
        import openvino

    with without_chatter():
        graph = _renamed(_traced(model, facts, origin))
        openvino.save_model(graph, folder / GRAPH, compress_to_fp16=False)
    with without_chatter():
        _check(model, facts, folder)
    if weights == "int8":
        with without_chatter():
            graph = _renamed(_quantised(graph, tokenizer, facts))
            for name in (GRAPH, WEIGHTS):  # what is checked may still be mapped into memory
                (folder / name).unlink()
            openvino.save_model(graph, folder / GRAPH, compress_to_fp16=False)
    for name, path in files_of(origin).items():
        if name.startswith(LICENCE_FILES):
            shutil.copyfile(path, folder / name)


def _traced(model: Any, facts: EncoderFacts, origin: Path) -> Any:
    """Return the model as a graph of any number of rows and tokens."""
    import openvino
    import torch

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return pooled(self.model, ids, mask, facts)

    ids, mask = torch.full((2, 7), 5, dtype=torch.long), torch.ones(2, 7, dtype=torch.long)
    mask[1, 4:] = 0  # lest the tracer take all tokens for real
    shape = openvino.PartialShape([-1, -1])
    try:
        graph = openvino.convert_model(
            Pooled(), example_input=(ids, mask), input=[("ids", shape), ("mask", shape)]
        )
    except (RuntimeError, ValueError, TypeError) as error:
        reason = (str(error).strip().splitlines() or [repr(error)])[0]
        raise EncoderError(
            f"the encoder in {origin} cannot be turned into a graph: {reason}",
            "an architecture that OpenVINO can trace, such as BERT's",
        ) from error
    return graph


def _renamed(graph: Any) -> Any:
    """Return a graph whose nodes are numbered in their order.

    OpenVINO numbers all that a process ever makes: the same graph would be other bytes.
    """
    graph.set_friendly_name("encoder")
    for place, node in enumerate(graph.get_ordered_ops()):
        if _NUMBERED.fullmatch(node.get_friendly_name()):
            node.set_friendly_name(f"{node.get_type_name()}-{place}")
    return graph


_NUMBERED = re.compile(r".*_\d+")


def _check(model: Any, facts: EncoderFacts, folder: Path) -> None:
    """Refuse a graph into which the example's shape was baked."""
    import torch

    graph = Graph(folder, FLOAT32)
    rng = np.random.default_rng(0)
    n_words = int(model.config.vocab_size)
    for shape in ((1, 3), (3, min(19, facts.longest)), (1, facts.longest)):
        ids = rng.integers(n_words // 3, n_words, shape)
        mask = np.ones_like(ids)
        mask[1:, 5:] = 0
        with torch.inference_mode():
            expected = pooled(model, torch.from_numpy(ids), torch.from_numpy(mask), facts).numpy()
        error = np.abs(graph.answer(ids, mask) - expected).max() / np.abs(expected).max()
        if not error < MOST_TRACED_ERROR:
            raise EncoderError(
                f"the graph of the encoder {facts.name} differs from it by {error:.1%} "
                f"on {shape[1]} tokens",
                "one that can be traced with texts of any length",
            )


def _quantised(graph: Any, tokenizer: Tokenizer, facts: EncoderFacts) -> Any:
    try:
        with without_telemetry():
            import nncf
    except ImportError as error:
        raise MissingExtraError(
            "--precision fastest", "torch", "choose --precision fast"
        ) from error
    logging.getLogger("nncf").setLevel(logging.ERROR)  # its own call changes others' handlers, too
    texts = _random_texts(tokenizer, facts.longest)
    return nncf.quantize(
        graph,
        nncf.Dataset(texts),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(texts),
    )


def _random_texts(tokenizer: Tokenizer, longest: int) -> list[tuple[IntArray, IntArray]]:
    """Return token ids and masks of texts of random words, as long as posts are.

    In half of them all words are as likely, in half the frequent are likelier: vocabularies list
    those first.
    """
    rng = np.random.default_rng(0)
    n_words = tokenizer.get_vocab_size()
    first = n_words // 30
    around = tokenizer.encode("").ids
    texts: list[tuple[IntArray, IntArray]] = []
    for number in range(CALIBRATED_ON):
        length = int(np.clip(np.exp(rng.normal(3.4, 0.8)), 1, longest - len(around)))
        words = rng.integers(first, n_words, length)
        if number % 2:
            words = np.exp(rng.uniform(np.log(first + 1), np.log(n_words), length)).astype(int)
        ids = np.array([[*around[:1], *words, *around[1:]]], dtype=np.int64)
        texts.append((ids, np.ones_like(ids)))
    return texts


@contextlib.contextmanager
def without_chatter() -> Iterator[None]:
    """Keep the tracer's warnings and NNCF's bars to themselves."""
    nowhere = io.StringIO()
    with (
        quiet(),
        warnings.catch_warnings(action="ignore"),
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        yield
