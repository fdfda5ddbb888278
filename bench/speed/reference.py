"""The reference pipeline's way, written anew: one text at a time, padded to 128 tokens.

DistilBERT's shape with random weights takes exactly the time of the trained one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

PADDED_TO = 128
WORDS = 30_522


def random_distilbert(folder: Path, tokenizer: Path) -> Path:
    """Write a DistilBERT of the published shape with random weights, and a tokenizer's files."""
    import torch
    from transformers import AutoTokenizer, DistilBertConfig, DistilBertModel

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    config = DistilBertConfig(vocab_size=WORDS)
    DistilBertModel(config).save_pretrained(folder, safe_serialization=True)
    AutoTokenizer.from_pretrained(tokenizer).save_pretrained(folder)
    return folder


class ReferenceEncoder:
    """The reference's embedding stage."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoModel, AutoTokenizer

        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self._model: Any = AutoModel.from_pretrained(folder).eval()

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return one vector a text, one by one."""
        import torch

        vectors = []
        for text in texts:
            tokens = self._tokenizer(
                text,
                padding="max_length",
                max_length=PADDED_TO,
                truncation=True,
                return_tensors="pt",
            )
            with torch.no_grad():
                hidden = self._model(
                    input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]
                ).last_hidden_state
            vectors.append(hidden[:, 0].squeeze(0).numpy())
        return np.stack(vectors)


class ReferenceNetwork:
    """The reference's training stage: 200 epochs, batches of 32, no early stopping."""

    def fit(self, vectors: np.ndarray, classes: np.ndarray, epochs: int = 200) -> Any:
        """Train; return the network."""
        import torch
        from torch import nn

        torch.manual_seed(42)
        width = vectors.shape[1]
        network = nn.Sequential(
            nn.Linear(width, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 3)
        )
        data = torch.utils.data.TensorDataset(
            torch.from_numpy(vectors.astype(np.float32)), torch.from_numpy(classes)
        )
        loader = torch.utils.data.DataLoader(data, batch_size=32, shuffle=True)
        optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
        loss_of = nn.CrossEntropyLoss()
        for _ in range(epochs):
            for x, y in loader:
                optimiser.zero_grad()
                loss_of(network(x), y).backward()
                optimiser.step()
        self.network = network.eval()
        return network


def seconds(call: Any, *arguments: Any) -> float:
    """Return how long a call took."""
    start = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - start
