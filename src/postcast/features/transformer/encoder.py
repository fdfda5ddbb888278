"""Text to vector by a pretrained encoder, saved and loaded; nothing is computed twice.

Knows no hub and no post, and not what computes: a graph on the CPU, or torch on a GPU.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
import weakref
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from postcast.errors import EncoderError, OutputError
from postcast.features.cache import ABOUT, GRAPHS, Cache
from postcast.features.digests import Digests
from postcast.features.text import PRECISIONS
from postcast.features.transformer.arithmetic import BFLOAT16, FLOAT32, is_quantised, saved_in
from postcast.features.transformer.batches import batches
from postcast.features.transformer.facts import EncoderFacts, check_model, read_facts
from postcast.features.transformer.graph import GRAPH, TOKENIZER, Graph, import_openvino
from postcast.features.transformer.graph_files import (
    check_graph_files,
    check_vectors,
    explaining_encoder,
)
from postcast.features.transformer.pretrained import find_local_folder
from postcast.features.transformer.processor import arithmetic_again, arithmetic_here
from postcast.progress import progress
from postcast.schema import Parts
from postcast.validation import text

if TYPE_CHECKING:
    from postcast.features.embeddings import Embeddings
    from postcast.features.transformer.batches import Engine
    from postcast.schema import FloatArray, IntArray

log = logging.getLogger(__name__)

SECONDS_BETWEEN_SEGMENTS = 5.0

VERSION = 4
"""Raised when the same choices give other vectors than before."""


class TransformerEncoder:
    """A pretrained encoder.

    A vector depends on its text alone, to the last bit; see `batches`.

    Parameters
    ----------
    facts : EncoderFacts
    precision : {"exact", "fast", "fastest"}
    device : {"cpu", "cuda"}
    origin : Path or None
        The pretrained encoder's folder; None for a saved one.
    graph : Path or None
        The folder of a saved encoder's graph.
    cache : Cache or None
        Keeps embeddings, and the graph of a pretrained encoder.
    """

    def __init__(
        self,
        facts: EncoderFacts,
        *,
        precision: str = "exact",
        device: str = "cpu",
        origin: Path | None = None,
        graph: Path | None = None,
        cache: Cache | None = None,
    ) -> None:
        self.facts = facts
        self.precision = precision
        self.device = device
        self.origin = origin
        self._graph = graph
        self._cache = cache
        self._saved_arithmetic: str | None = None
        self._known: dict[str, int] = {}
        self._vectors: FloatArray = np.zeros((0, 0), dtype=np.float32)

    @property
    def name(self) -> str:
        """What people call it."""
        return self.facts.name

    def fit(self, texts: Sequence[str], authors: Sequence[str | None] | None = None) -> None:
        """Do nothing: the weights are pretrained."""

    @property
    def arithmetic(self) -> str:
        """In which arithmetic its vectors are computed here, whatever its precision is called."""
        return self.arithmetic_on(self.device)

    def arithmetic_on(self, device: str) -> str:
        """Return the arithmetic of ``cuda``, or of this machine's processor."""
        if device == "cuda":
            return FLOAT32 if self.precision == "exact" else BFLOAT16
        if self._saved_arithmetic is not None:
            return arithmetic_again(self._saved_arithmetic)
        return arithmetic_here(self.precision)

    def describe(self) -> dict[str, Any]:
        """Return what shapes its vectors."""
        return {
            "pooling": self.facts.pooling,
            "normalized": self.facts.normalized,
            "longest_tokens": self.facts.longest,
            "precision": self.precision,
            "arithmetic": self.arithmetic,
            "sha256": self.facts.digest,
        }

    def columns(self) -> tuple[str, ...]:
        """Return nothing: an embedding's columns have no meaning of their own."""
        return ()

    def encode(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector a text, each distinct text embedded once.

        Returns
        -------
        ndarray of float32, shape (n_texts, width)
            Zeros for blank texts.
        """
        distinct = sorted({text for text in texts if text.strip()})
        if any(text not in self._known for text in distinct):
            self._vectors = self._vectors_of(distinct)
            self._known = {text: row for row, text in enumerate(distinct)}
        answer = np.zeros((len(texts), self.facts.width), dtype=np.float32)
        rows = [(row, self._known[text]) for row, text in enumerate(texts) if text.strip()]
        if rows:
            to, source = np.array(rows).T
            answer[to] = self._vectors[source]
        return answer

    def computed(self, texts: Sequence[str]) -> FloatArray:
        """Return what `encode` does, computed here, with nothing kept and nothing looked up."""
        distinct = sorted({text for text in texts if text.strip()})
        place = {text: row for row, text in enumerate(distinct)}
        vectors = np.zeros((len(distinct) + 1, self.facts.width), dtype=np.float32)
        with progress(len(distinct), "embedding", "post") as advance:
            for rows, answer in self._batches(distinct):
                vectors[rows] = answer
                advance(len(rows))
        return vectors[[place.get(text, len(distinct)) for text in texts]]

    def _batches(self, texts: list[str]) -> Iterator[tuple[IntArray, FloatArray]]:
        """Yield what `batches` does, once the vectors are known to be such."""
        with explaining_encoder(self.graph_folder):
            for rows, answer in batches(texts, self._tokenizer, self._engine, self.facts.longest):
                yield rows, check_vectors(answer, self.facts.width, self.name)

    def unknown(self, texts: Sequence[str]) -> list[str]:
        """Return the distinct texts whose vectors are not kept, in alphabetical order."""
        distinct = sorted({text for text in texts if text.strip()})
        kept = self._embeddings
        if kept is None:
            return distinct
        return [distinct[row] for row in np.flatnonzero(~kept.find(distinct)[1])]

    def _vectors_of(self, texts: list[str]) -> FloatArray:
        """Return the vectors of distinct texts, from the cache where they are kept."""
        kept = self._embeddings
        if kept is None:
            vectors = np.zeros((len(texts), self.facts.width), dtype=np.float32)
            found = np.zeros(len(texts), dtype=bool)
        else:
            vectors, found = kept.find(texts)
        missing = np.flatnonzero(~found)
        if len(missing):
            self._embed(texts, missing, vectors)
        return vectors

    def key_on(self, device: str) -> str:
        """Return what differs wherever vectors may that are computed on ``cpu`` or ``cuda``."""
        return self.key_of(self.arithmetic_on(device), device)

    def key_of(self, arithmetic: str, device: str) -> str:
        """Return the key of vectors computed in an arithmetic on ``cpu`` or ``cuda``."""
        return f"{self.facts.key}-{arithmetic}-{device}-{VERSION}"

    def about(self) -> dict[str, Any]:
        """Return what people are told of its kept vectors."""
        return {
            "encoder": self.name,
            "pooling": self.facts.pooling,
            "precision": self.arithmetic,
            "device": self.device,
            "width": self.facts.width,
        }

    @property
    def _embeddings(self) -> Embeddings | None:
        """Where embeddings of this encoder and precision are kept."""
        if self._cache is None:
            return None
        return self._cache.embeddings(self.key_on(self.device), self.about())

    def _embed(self, texts: list[str], missing: IntArray, vectors: FloatArray) -> None:
        """Fill in the missing rows, keeping finished ones in the cache every few seconds."""
        since, unkept = time.monotonic(), []
        with progress(len(missing), "embedding", "post") as advance:
            asked = [texts[row] for row in missing]
            for chosen, answer in self._batches(asked):
                rows = missing[chosen]
                vectors[rows] = answer
                unkept.extend(rows.tolist())
                advance(len(rows))
                if time.monotonic() - since > SECONDS_BETWEEN_SEGMENTS:
                    self._keep(texts, unkept, vectors)
                    since, unkept = time.monotonic(), []
        self._keep(texts, unkept, vectors)

    def _keep(self, texts: list[str], rows: list[int], vectors: FloatArray) -> None:
        kept = self._embeddings
        if self._cache is None or kept is None or not rows:
            return
        try:
            kept.keep([texts[row] for row in rows], vectors[rows])
            self._cache.trim()
        except OutputError as error:
            log.warning("embeddings are not kept for the next run: %s", error)
            self._cache = None

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        with explaining_encoder(self.graph_folder / TOKENIZER):
            tokenizer = Tokenizer.from_file(str(self.graph_folder / TOKENIZER))
            tokenizer.no_padding()
            tokenizer.enable_truncation(self.facts.longest)
        return tokenizer

    @cached_property
    def _engine(self) -> Engine:
        if self.device == "cuda" and self.origin is not None:
            from postcast.features.transformer.torch_model import TorchModel

            self._check_origin(self.origin)
            return TorchModel(self.origin, self.facts, self.precision, self.device)
        arithmetic, saved = self.arithmetic, self._saved_arithmetic
        if saved not in (None, arithmetic):
            log.warning(
                "the saved encoder %s was trained with in %s and computes in %s here, more slowly: "
                "this processor lacks the instructions",
                self.name,
                saved,
                arithmetic,
            )
        with explaining_encoder(self.graph_folder / GRAPH):
            return Graph(self.graph_folder, arithmetic)

    @cached_property
    def graph_folder(self) -> Path:
        """The folder with the encoder's graph, its tokenizer and its licences."""
        if self._graph is not None:
            return self._graph
        if self.origin is None:
            raise EncoderError(f"the encoder {self.name} has neither graph nor folder")
        if self._cache is not None:
            try:
                return self._graph_in(self._cache)
            except OutputError as error:
                log.warning("the encoder's graph is not kept for the next run: %s", error)
        home = tempfile.mkdtemp(prefix="postcast-")
        weakref.finalize(self, shutil.rmtree, home, ignore_errors=True)
        return self._graph_in(Cache(Path(home)))

    def _graph_in(self, cache: Cache) -> Path:
        from postcast.features.transformer.convert import make_graph

        origin, weights = self.origin, "int8" if is_quantised(self.arithmetic) else "float32"
        about = {"encoder": self.name, "pooling": self.facts.pooling, "weights": weights}

        def make(folder: Path) -> None:
            log.info("Preparing the encoder %s (%s), once …", self.name, weights)
            if origin is not None:
                self._check_origin(origin)
                make_graph(origin, self.facts, weights, folder)

        return cache.made(GRAPHS, f"{self.facts.key}-{weights}-{VERSION}", about, make)

    def _check_origin(self, origin: Path) -> None:
        """Refuse weights that are not those that their remembered digest names."""
        digests = Digests(None) if self._cache is None else self._cache.digests
        check_model(self.name, origin, self.facts.digest, digests)

    def state(self) -> Parts:
        """Return graph, tokenizer, licences and what shapes the vectors."""
        facts = {
            "kind": "transformer",
            "precision": self.precision,
            "arithmetic": self._saved_arithmetic or self.arithmetic,
            **self.facts.to_dict(),
        }
        files = {
            path.name: path for path in sorted(self.graph_folder.iterdir()) if path.name != ABOUT
        }
        return Parts(facts=facts, files=files)

    @classmethod
    def from_state(cls, parts: Parts, device: str) -> Self:
        """Rebuild a saved encoder, which computes on the CPU.

        On a GPU only where that is asked for and the encoder it was made from is found.
        """
        facts = EncoderFacts.from_dict(parts.facts)
        check_graph_files(parts.files)
        graph = parts.files[GRAPH].parent
        precision = text(parts.facts, "precision", PRECISIONS)
        origin = _origin_of(facts) if device == "cuda" else None
        if device == "cuda" and origin is None:
            log.warning(
                "the saved encoder computes on the CPU: the folder of %s, from which it was "
                "made, is not found here",
                facts.name,
            )
        device = "cpu" if origin is None else device
        if device == "cpu":
            import_openvino()  # while another thread hashes the graph
        encoder = cls(facts, precision=precision, device=device, origin=origin, graph=graph)
        encoder._saved_arithmetic = saved_in(parts.facts)
        return encoder


def _origin_of(facts: EncoderFacts) -> Path | None:
    """Return the folder that a saved encoder was made from, where it is on this machine."""
    try:
        folder = find_local_folder(facts.name)
        if folder is None:
            return None
        found = read_facts(facts.name, folder, facts.pooling, Digests(None))
    except EncoderError:  # its name is that of a folder elsewhere, or what is here is broken
        return None
    return folder if found.digest == facts.digest else None
