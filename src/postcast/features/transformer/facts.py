"""What shapes an encoder's vectors, as its folder publishes it. Knows no weight and no text."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from postcast.errors import EncoderError
from postcast.features.digests import digest_now
from postcast.features.transformer.pretrained import files_of
from postcast.validation import text, truth, whole

if TYPE_CHECKING:
    from postcast.features.digests import Digests

LONGEST = 256

WIDEST = 2**16
"""Columns of a vector that a saved encoder may have."""


@dataclass(frozen=True)
class EncoderFacts:
    """What shapes an encoder's vectors, but for the precision in which they are computed.

    Parameters
    ----------
    name : str
        Shown to people.
    pooling : {"cls", "mean"}
    normalized : bool
        Whether vectors have length one.
    longest : int
        The most tokens of a text that are read.
    width : int
        The number of columns of a vector.
    digest : str
        SHA-256 of weights, configuration and tokenizer.
    """

    name: str
    pooling: str
    normalized: bool
    longest: int
    width: int
    digest: str

    @property
    def key(self) -> str:
        """32 hexadecimal digits that differ wherever vectors may."""
        told = f"{self.digest} {self.pooling} {self.normalized} {self.longest} {self.width}"
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as plain JSON types."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """Rebuild the facts from a mapping that has more keys, too.

        Raises
        ------
        ValueError
            If one is missing, or no encoder has it.
        """
        return cls(
            name=text(told, "name"),
            pooling=text(told, "pooling", ("cls", "mean")),
            normalized=truth(told, "normalized"),
            longest=whole(told, "longest", 1, LONGEST),
            width=whole(told, "width", 1, WIDEST),
            digest=text(told, "digest"),
        )


def read_facts(name: str, folder: Path, pooling: str, digests: Digests) -> EncoderFacts:
    """Return what a Hugging Face folder says of its encoder.

    Parameters
    ----------
    name : str
    folder : Path
        Holds ``config.json``, the tokenizer and safetensors.
    pooling : {"auto", "cls", "mean"}
        ``auto``: as published with sentence-transformers, else ``cls`` for DistilBERT (whose
        reference use it is), else ``mean``.
    digests : Digests

    Raises
    ------
    EncoderError
        If the folder's configuration cannot be read.
    """
    config = read_json(folder / "config.json")
    return EncoderFacts(
        name=name,
        pooling=_resolve_pooling(pooling, _published_pooling(folder), config),
        normalized=_normalizes(folder),
        longest=_longest(folder, config),
        width=_width(folder, config),
        digest=digest_of_model(folder, digests.sha256_of),
    )


def digest_of_model(folder: Path, sha256_of: Callable[[Path], str]) -> str:
    """Return the SHA-256 of weights, configuration and tokenizer.

    Parameters
    ----------
    folder : Path
    sha256_of : callable
        Returns the SHA-256 of one file, in hexadecimal.
    """
    digest = hashlib.sha256()
    for path in _shaping(folder):
        digest.update(bytes.fromhex(sha256_of(path)))
    return digest.hexdigest()


def _shaping(folder: Path) -> list[Path]:
    """Return the files of a model's folder that shape its vectors."""
    return [
        path
        for path in files_of(folder).values()
        if path.suffix != ".md" and not path.name.startswith("LICENSE")
    ]


def check_model(name: str, folder: Path, digest: str, digests: Digests) -> None:
    """Refuse a model whose files are not those of its digest, which may be a remembered one.

    Called before anything is made of the weights: until then their digest is only a name.

    Parameters
    ----------
    name : str
        Shown to people.
    folder : Path
    digest : str
        See `digest_of_model`.
    digests : Digests
        Forgets what it remembers of the files where that is not true.

    Raises
    ------
    EncoderError
    """
    if digest_of_model(folder, digest_now) != digest:
        digests.forget(_shaping(folder))
        raise EncoderError(
            f"the files of {name} in {folder} changed without a new time of change, as damage does",
            "the files that were there before",
            "install or copy the model again",
        )


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file."""
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise EncoderError(f"{path} cannot be read: {error}", "a JSON object") from error


def _width(folder: Path, config: Mapping[str, Any]) -> int:
    for key in ("hidden_size", "dim", "d_model"):
        if key in config:
            return int(config[key])
    raise EncoderError(f"no hidden size in {folder / 'config.json'}", "a text encoder")


def _published_pooling(folder: Path) -> str | None:
    path = folder / "1_Pooling" / "config.json"
    if not path.is_file():
        return None
    config = read_json(path)
    if config.get("pooling_mode_cls_token") or config.get("pooling_mode") == "cls":
        return "cls"
    return "mean"


def _resolve_pooling(asked: str, published: str | None, config: Mapping[str, Any]) -> str:
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


def _longest(folder: Path, config: Mapping[str, Any]) -> int:
    """Return the most tokens of a text that are read."""
    published = folder / "sentence_bert_config.json"
    asked = read_json(published).get("max_seq_length") if published.is_file() else None
    positions = config.get("max_position_embeddings") or LONGEST
    return min(int(asked or LONGEST), int(positions), LONGEST)


def precision_on(device: str, asked: str) -> str:
    """Return the precision that a device has for one: a GPU has no use for the graph's int8."""
    return "fast" if device == "cuda" and asked == "fastest" else asked
