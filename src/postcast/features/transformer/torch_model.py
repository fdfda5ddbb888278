"""A pretrained encoder as torch has it: to be turned into a graph, or to compute on a GPU.

Knows no text, only token ids.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.errors import EncoderError

if TYPE_CHECKING:
    import torch

    from postcast.features.transformer.facts import EncoderFacts
    from postcast.schema import FloatArray, IntArray

TOKENS_AT_ONCE = 32_768


class TorchModel:
    """A pretrained encoder on a GPU; answers as `graph.Graph` does.

    Parameters
    ----------
    origin : Path
        The pretrained encoder's folder.
    facts : EncoderFacts
    precision : {"exact", "fast", "fastest"}
        ``exact`` computes in float32, the others in bfloat16 by autocast.
    device : str
    """

    tokens_at_once = TOKENS_AT_ONCE

    def __init__(self, origin: Path, facts: EncoderFacts, precision: str, device: str) -> None:
        self._model = load_model(origin).to(device)
        self._facts = facts
        self._in_half = precision != "exact"
        self._device = device

    def answer(self, ids: IntArray, mask: IntArray) -> FloatArray:
        """Return one vector a row, float32, shape (b, d), of ids and mask of shape (b, t).

        Computed in a batch whose shape follows from the length alone, filled up with the first
        row: kernels are chosen by shape, and a row's vector must not depend on the others.
        """
        import torch

        n_filled = max(self.tokens_at_once // ids.shape[1], 1) - len(ids)
        rows = np.concatenate([np.arange(len(ids)), np.zeros(max(n_filled, 0), dtype=np.int64)])
        tokens = torch.from_numpy(ids[rows]).to(self._device)  # (b, t)
        real = torch.from_numpy(mask[rows]).to(self._device)  # (b, t)
        half = torch.autocast(self._device, dtype=torch.bfloat16, enabled=self._in_half)
        with torch.inference_mode(), half:
            vectors = pooled(self._model, tokens, real, self._facts)  # (b, d)
        answer: FloatArray = vectors.float().cpu().numpy()[: len(ids)]
        return answer


def pooled(model: Any, ids: torch.Tensor, mask: torch.Tensor, facts: EncoderFacts) -> torch.Tensor:
    """Return one vector a row of token ids: the first token's, or the mean of the real ones."""
    import torch

    hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state  # (b, t, d)
    if facts.pooling == "cls":
        vectors: torch.Tensor = hidden[:, 0]  # (b, d)
    else:
        weights = mask.unsqueeze(-1).to(hidden.dtype)  # (b, t, 1)
        vectors = (hidden * weights).sum(dim=1) / weights.sum(dim=1)  # (b, d)
    return torch.nn.functional.normalize(vectors, dim=1) if facts.normalized else vectors


def load_model(origin: Path) -> Any:
    """Return a pretrained model, in float32 on the CPU.

    Raises
    ------
    EncoderError
        If it cannot be loaded without running code of its own.
    """
    import torch
    import transformers

    with quiet(), _explaining(origin):
        model = transformers.AutoModel.from_pretrained(
            origin,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32,
        )
    return model.eval()


def tokenizer_json(origin: Path) -> str:
    """Return a pretrained tokenizer as the library tokenizers writes it.

    Raises
    ------
    EncoderError
        If there is none, or none that the library can hold.
    """
    import transformers

    with quiet(), _explaining(origin):
        found = transformers.AutoTokenizer.from_pretrained(
            origin, local_files_only=True, trust_remote_code=False
        )
    if getattr(found, "backend_tokenizer", None) is None:
        raise EncoderError(
            f"the encoder in {origin} has a tokenizer of its own kind",
            "one that the library tokenizers can hold",
        )
    return str(found.backend_tokenizer.to_str())


@contextlib.contextmanager
def _explaining(origin: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise EncoderError(
            f"the encoder in {origin} cannot be loaded: {reason}",
            "a Hugging Face text encoder with its tokenizer",
        ) from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from talking, and leave it as it was."""
    from transformers.utils import logging as chatter

    verbosity, had_bars = chatter.get_verbosity(), chatter.is_progress_bar_enabled()
    chatter.disable_progress_bar()  # type: ignore[no-untyped-call]
    chatter.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        chatter.set_verbosity(verbosity)
        if had_bars:
            chatter.enable_progress_bar()  # type: ignore[no-untyped-call]
