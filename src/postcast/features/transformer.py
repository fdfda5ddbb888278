"""Text to vector by any Hugging Face encoder in a local folder, run by torch.

Knows no hub and no post. Torch is imported when a text is not in the cache.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from postcast.device import pick_device
from postcast.errors import EncoderError, OutputError
from postcast.features.cache import EmbeddingCache
from postcast.features.pretrained import KEPT_FILES, MINILM_LICENCE, MINILM_PACKAGE
from postcast.progress import bar_is_hidden
from postcast.schema import Parts

if TYPE_CHECKING:
    import torch

    from postcast.schema import FloatArray, IntArray

log = logging.getLogger(__name__)

BATCH = 32
LENGTH_STEP = 8
LONGEST = 256
SECONDS_BETWEEN_SEGMENTS = 5.0


class TransformerEncoder:
    """A pretrained encoder with `[CLS]` or masked-mean pooling.

    Parameters
    ----------
    name : str
        Shown to people.
    folder : Path
        Holds ``config.json``, the tokenizer and safetensors.
    pooling : {"auto", "cls", "mean"}
        ``auto``: as published with sentence-transformers, else ``cls`` for DistilBERT (whose
        reference use it is), else ``mean``.
    device : {"auto", "cpu", "cuda"}
    cache : Path or None
        Folder of kept embeddings.

    Raises
    ------
    EncoderError
        If the folder's configuration cannot be read.
    """

    def __init__(
        self, *, name: str, folder: Path, pooling: str, device: str, cache: Path | None
    ) -> None:
        self.name = name
        self.folder = folder
        self.device = device
        self._config = _read_json(folder / "config.json")
        self._published = _published_pooling(folder)
        self.pooling = _resolve_pooling(pooling, self._published, self._config)
        self.normalize = _normalizes(folder)
        self.longest = _longest(folder, self._config)
        self.cache = None if cache is None else EmbeddingCache(cache / self._key()[:32])
        self._model: Any = None
        self._tokenizer: Any = None
        self._known: dict[str, int] = {}
        self._vectors: FloatArray = np.zeros((0, 0), dtype=np.float32)

    @property
    def width(self) -> int:
        """The number of columns of a vector."""
        for key in ("hidden_size", "dim", "d_model"):
            if key in self._config:
                return int(self._config[key])
        raise EncoderError(f"no hidden size in {self.folder / 'config.json'}", "a text encoder")

    def fit(self, texts: Sequence[str]) -> None:
        """Do nothing: the weights are pretrained."""

    def describe(self) -> dict[str, Any]:
        """Return what shapes its vectors."""
        return {
            "pooling": self.pooling,
            "normalized": self.normalize,
            "longest_tokens": self.longest,
            "sha256": self._key(),
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
        answer = np.zeros((len(texts), self.width), dtype=np.float32)
        rows = [(row, self._known[text]) for row, text in enumerate(texts) if text.strip()]
        if rows:
            to, source = np.array(rows).T
            answer[to] = self._vectors[source]
        return answer

    def _vectors_of(self, texts: list[str]) -> FloatArray:
        """Return the vectors of distinct texts, from the cache where they are kept."""
        vectors = np.zeros((len(texts), self.width), dtype=np.float32)
        found = np.zeros(len(texts), dtype=bool)
        if self.cache is not None:
            vectors, found = self.cache.find(texts, self.width)
        missing = np.flatnonzero(~found)
        if len(missing):
            self._embed(texts, missing, vectors)
        return vectors

    def _embed(self, texts: list[str], missing: IntArray, vectors: FloatArray) -> None:
        """Fill in the missing rows, keeping finished ones in the cache every few seconds."""
        from tqdm.auto import tqdm

        since, unkept = time.monotonic(), []
        with tqdm(
            total=len(missing), desc="embedding", unit="post", disable=bar_is_hidden()
        ) as bar:
            for rows, answer in self._batches(texts, missing):
                vectors[rows] = answer
                unkept.extend(rows.tolist())
                bar.update(len(rows))
                if time.monotonic() - since > SECONDS_BETWEEN_SEGMENTS:
                    self._keep(texts, unkept, vectors)
                    since, unkept = time.monotonic(), []
        self._keep(texts, unkept, vectors)

    def _keep(self, texts: list[str], rows: list[int], vectors: FloatArray) -> None:
        if self.cache is None or not rows:
            return
        try:
            self.cache.keep([texts[row] for row in rows], vectors[rows])
        except OutputError as error:
            log.warning("embeddings are not kept for the next run: %s", error)
            self.cache = None

    def _batches(
        self, texts: list[str], missing: IntArray
    ) -> Iterator[tuple[IntArray, FloatArray]]:
        """Yield rows and their vectors, longest first, in batches of one shape a length.

        With a cache every batch has 32 rows, filled up with blank ones, and a length in steps
        of 8 tokens: a text's vector then depends on itself alone, to the last bit, whatever
        it was embedded with, so that a resumed run gives the same bytes.
        """
        self._load()
        encoded = self._tokenizer(
            [texts[row] for row in missing], truncation=True, max_length=self.longest
        )["input_ids"]
        steps = np.array([-(-len(ids) // LENGTH_STEP) for ids in encoded])
        size = BATCH if self.cache is not None else min(BATCH, len(missing))
        for step in np.unique(steps)[::-1]:
            same_length = np.flatnonzero(steps == step)
            for start in range(0, len(same_length), size):
                chosen = same_length[start : start + size]
                ids = [encoded[row] for row in chosen]
                width = min(int(step) * LENGTH_STEP, self.longest)
                yield missing[chosen], self._forward(ids, size, width)

    def _forward(self, ids: list[list[int]], size: int, width: int) -> FloatArray:
        """Return the vectors of some token rows, shape (len(ids), d)."""
        import torch

        tokens = torch.zeros(size, width, dtype=torch.long)  # (b, t)
        mask = torch.zeros(size, width, dtype=torch.long)  # (b, t)
        mask[:, 0] = 1
        for row, values in enumerate(ids):
            tokens[row, : len(values)] = torch.tensor(values)
            mask[row, : len(values)] = 1
        device = next(self._model.parameters()).device
        tokens, mask = tokens.to(device), mask.to(device)
        with torch.inference_mode():
            hidden = self._model(input_ids=tokens, attention_mask=mask).last_hidden_state
            pooled = _pool(hidden, mask, self.pooling)  # (b, t, d) -> (b, d)
            if self.normalize:
                pooled = torch.nn.functional.normalize(pooled, dim=1)
        answer: FloatArray = pooled[: len(ids)].float().cpu().numpy()
        return answer

    def _load(self) -> None:
        """Load model and tokenizer, once."""
        if self._model is not None:
            return
        import torch
        import transformers
        from transformers.utils import logging as chatter

        chatter.disable_progress_bar()  # type: ignore[no-untyped-call]
        verbosity = chatter.get_verbosity()
        chatter.set_verbosity_error()  # type: ignore[no-untyped-call]
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(
                self.folder, local_files_only=True, trust_remote_code=False
            )
            model = transformers.AutoModel.from_pretrained(
                self.folder,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=torch.float32,
            )
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
            raise EncoderError(
                f"the encoder in {self.folder} cannot be loaded: {reason}",
                "a Hugging Face text encoder with its tokenizer",
            ) from error
        finally:
            chatter.set_verbosity(verbosity)
        self._model = model.eval().to(pick_device(self.device))

    def _key(self) -> str:
        """Return a hash of all that shapes a vector."""
        digest = hashlib.sha256()
        for path in self._files().values():
            if path.suffix != ".md" and not path.name.startswith("LICENSE"):
                digest.update(hashlib.sha256(path.read_bytes()).digest())
        digest.update(f"{self.pooling} {self.normalize} {self.longest} float32 1".encode())
        return digest.hexdigest()

    def _files(self) -> dict[str, Path]:
        found = {
            path.relative_to(self.folder).as_posix(): path
            for pattern in KEPT_FILES
            for path in self.folder.glob(pattern)
        }
        if MINILM_PACKAGE in self.folder.parts:
            found.setdefault("LICENSE", MINILM_LICENCE)
        return dict(sorted(found.items()))

    def state(self) -> Parts:
        """Return the weights, tokenizer and pooling."""
        facts = {"kind": "transformer", "name": self.name, "pooling": self.pooling}
        return Parts(facts=facts, files=self._files())

    @classmethod
    def from_state(cls, parts: Parts, device: str) -> Self:
        """Rebuild a saved encoder; it reads its weights when first asked."""
        folder = parts.files["config.json"].parent
        return cls(
            name=parts.facts["name"],
            folder=folder,
            pooling=parts.facts["pooling"],
            device=device,
            cache=None,
        )


def _pool(hidden: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """Return one vector a row: the first token's, or the mean over real tokens."""
    if pooling == "cls":
        return hidden[:, 0]  # (b, t, d) -> (b, d)
    weights = mask.unsqueeze(-1).to(hidden.dtype)  # (b, t, 1)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1)  # (b, d)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise EncoderError(f"{path} cannot be read: {error}", "a JSON object") from error


def _published_pooling(folder: Path) -> str | None:
    path = folder / "1_Pooling" / "config.json"
    if not path.is_file():
        return None
    config = _read_json(path)
    if config.get("pooling_mode_cls_token") or config.get("pooling_mode") == "cls":
        return "cls"
    return "mean"


def _resolve_pooling(asked: str, published: str | None, config: dict[str, Any]) -> str:
    if asked != "auto":
        return asked
    if published is not None:
        return published
    return "cls" if config.get("model_type") == "distilbert" else "mean"


def _normalizes(folder: Path) -> bool:
    path = folder / "modules.json"
    if not path.is_file():
        return False
    try:
        modules = json.loads(path.read_text("utf-8"))
        return any(str(module.get("type", "")).endswith("Normalize") for module in modules)
    except (ValueError, AttributeError, TypeError) as error:
        raise EncoderError(f"{path} cannot be read: {error}", "a list of modules") from error


def _longest(folder: Path, config: dict[str, Any]) -> int:
    """Return the most tokens of a text that are read."""
    published = folder / "sentence_bert_config.json"
    asked = _read_json(published).get("max_seq_length") if published.is_file() else None
    positions = config.get("max_position_embeddings") or LONGEST
    return min(int(asked or LONGEST), int(positions), LONGEST)
