"""What a saved encoder's graph and tokenizer may be, before and after other libraries read them.

OpenVINO and tokenizers read these files in native code. What can be seen from outside is checked;
what the graph computes is the business of whoever made it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from postcast.errors import EncoderError, PostcastError
from postcast.features.transformer.graph import GRAPH, TOKENIZER, WEIGHTS

if TYPE_CHECKING:
    from postcast.schema import FloatArray

MOST_BYTES = {GRAPH: 64 * 2**20, TOKENIZER: 256 * 2**20}


def check_graph_files(files: Mapping[str, Path]) -> None:
    """Refuse files that are no graph of postcast's making, unread by any library.

    Raises
    ------
    ValueError
        If one is missing or too large, or the graph declares a document type: entities in it
        could stand for any number of bytes.
    """
    for name in (GRAPH, WEIGHTS, TOKENIZER):
        if name not in files:
            raise ValueError(f"no file {name!r}")
        if files[name].stat().st_size > MOST_BYTES.get(name, 2**62):
            raise ValueError(f"{name} has more than {MOST_BYTES[name]} bytes")
    graph = files[GRAPH].read_bytes()
    if b"<!DOCTYPE" in graph or b"<!ENTITY" in graph or b"\0" in graph:
        raise ValueError(f"{GRAPH} declares a document type, or is no text")


@contextlib.contextmanager
def explaining_encoder(path: Path) -> Iterator[None]:
    """Turn whatever a graph's or a tokenizer's contents bring about into an `EncoderError`.

    Raises
    ------
    EncoderError
    """
    try:
        yield
    except (PostcastError, OSError, MemoryError):
        raise
    except Exception as error:  # tokenizers raises `Exception` itself
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise EncoderError(
            f"{path} cannot be read: {lines[-1][:200]}",
            "what postcast wrote",
            "copy the folder again, or train again",
        ) from error


def check_vectors(vectors: FloatArray, width: int, name: str) -> FloatArray:
    """Return an encoder's vectors, shape (n_texts, width), once they are known to be such.

    Raises
    ------
    EncoderError
        If they have another shape, or hold what is no finite number.
    """
    if vectors.ndim != 2 or vectors.shape[1] != width or not np.isfinite(vectors).all():
        raise EncoderError(
            f"the graph of the encoder {name} gives {vectors.shape[1:]} numbers a text, or such "
            "as are not finite",
            f"{width} finite ones",
            "copy the folder again, or train again",
        )
    return vectors
