"""Random encoders on disk, as Hugging Face saves them: real in all but what they know."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

SIGNS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def random_distilbert(folder: Path, words: Sequence[str], shape: tuple[int, int, int, int]) -> Path:
    """Save a DistilBERT with a word tokenizer: width, layers, heads, and width between layers."""
    torch = pytest.importorskip("torch", reason="SKIPPED: the extra [torch] is not installed")
    from transformers import BertTokenizerFast, DistilBertConfig, DistilBertModel

    known = [*SIGNS, *words]
    (folder / "vocab.txt").write_text("\n".join(known))
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    dim, n_layers, n_heads, hidden_dim = shape
    config = DistilBertConfig(
        vocab_size=len(known),
        dim=dim,
        n_layers=n_layers,
        n_heads=n_heads,
        hidden_dim=hidden_dim,
        max_position_embeddings=64,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        DistilBertModel(config).eval().save_pretrained(folder, safe_serialization=True)
    return folder
