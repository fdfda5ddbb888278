"""A pretrained encoder by its name: found in a package, a folder or the hub, ready to encode."""

from __future__ import annotations

from pathlib import Path

from postcast.device import pick_device
from postcast.features.cache import Cache
from postcast.features.digests import Digests
from postcast.features.transformer.encoder import TransformerEncoder
from postcast.features.transformer.facts import precision_on, read_facts
from postcast.features.transformer.pretrained import find_folder


def pretrained_encoder(
    name: str, *, pooling: str, precision: str, device: str, cache: Path | None
) -> TransformerEncoder:
    """Find a pretrained encoder.

    Parameters
    ----------
    name : str
        ``minilm``, a folder with ``config.json`` and safetensors, or a hub name.
    pooling : {"auto", "cls", "mean"}
        See `postcast.features.transformer.facts.read_facts`.
    precision : {"exact", "fast", "fastest"}
    device : {"auto", "cpu", "cuda"}
    cache : Path or None

    Raises
    ------
    EncoderError
        If it is not found, or its folder cannot be read.
    """
    place = pick_device(device)
    kept = None if cache is None else Cache(cache)
    digests = Digests(None) if kept is None else kept.digests
    folder = find_folder(name, digests)
    shown = folder.name if Path(name).expanduser().is_dir() else name
    return TransformerEncoder(
        read_facts(shown, folder, pooling, digests),
        precision=precision_on(place, precision),
        device=place,
        origin=folder,
        cache=kept,
    )
