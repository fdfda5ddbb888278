"""A pretrained image encoder → a graph for OpenVINO, by torch, once an encoder.

Knows no cache and no image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.errors import EncoderError
from postcast.features.images.vision import LITE0, is_timm
from postcast.features.transformer.convert import MOST_TRACED_ERROR, without_chatter
from postcast.features.transformer.facts import read_json
from postcast.features.transformer.graph import GRAPH, one_core, without_telemetry
from postcast.features.transformer.torch_model import load_model
from postcast.wording import number_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch

    from postcast.features.images.vision import Vision


def make_image_graph(vision: Vision, folder: Path) -> None:
    """Write an image encoder's graph.

    Parameters
    ----------
    vision : Vision
    folder : Path
        Exists, and is empty.

    Raises
    ------
    EncoderError
        If it cannot be loaded, or its graph would not answer as it does.
    """
    import torch

    with without_telemetry():
        import openvino
    facts = vision.facts
    shape = (1, 3, facts.preparation.height, facts.preparation.width)
    rng = np.random.default_rng(0)
    pixels = torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))  # (1, 3, h, w)
    model = _loaded(vision)
    with torch.inference_mode():
        expected = model(pixels).numpy()
    if expected.shape != (1, facts.width):
        raise EncoderError(
            f"the image encoder {facts.name} gives {expected.shape[1:]} numbers an image",
            f"the {facts.width} of its config.json",
        )
    with without_chatter():
        try:
            graph = openvino.convert_model(
                model, example_input=pixels, input=[("pixels", openvino.PartialShape(shape))]
            )
        except (RuntimeError, ValueError, TypeError) as error:
            reason = (str(error).strip().splitlines() or [repr(error)])[0]
            raise EncoderError(
                f"the image encoder {facts.name} cannot be turned into a graph: {reason}",
                "an architecture that OpenVINO can trace, such as ViT's",
            ) from error
        openvino.save_model(graph, folder / GRAPH, compress_to_fp16=False)
    request = one_core(openvino).compile_model(
        folder / GRAPH, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    found = np.array(request({0: pixels.numpy()})[0])
    gap = np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-12)
    if not gap < MOST_TRACED_ERROR:
        raise EncoderError(
            f"the graph of the image encoder {facts.name} differs from it by "
            f"{number_in_words(gap, 2)}",
            f"less than {number_in_words(MOST_TRACED_ERROR)}",
            "choose another --image-encoder",
        )


def _loaded(vision: Vision) -> torch.nn.Module:
    if vision.facts.name == LITE0:
        return _lite0(vision.origin)
    config = read_json(vision.origin / "config.json")
    return _timm(vision.origin, config) if is_timm(config) else _published(vision.origin)


def _timm(folder: Path, config: Mapping[str, Any]) -> torch.nn.Module:
    """Return a timm model without its classes, pooled as it was trained: pixels to (1, d)."""
    import timm
    import torch
    from safetensors.torch import load_file

    try:
        model: torch.nn.Module = timm.create_model(
            config["architecture"],
            pretrained=False,
            num_classes=config.get("num_classes", 1000),
            **config.get("model_args", {}),
        )
        model.load_state_dict(load_file(folder / "model.safetensors"))
    except (OSError, RuntimeError, TypeError, KeyError) as error:
        reason = (str(error).strip().splitlines() or [repr(error)])[0]
        raise EncoderError(
            f"the image encoder in {folder} cannot be loaded: {reason}", "a model of timm"
        ) from error
    model.reset_classifier(0)  # type: ignore[operator]

    class Features(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            vector: torch.Tensor = self.model(pixels)  # (1, d)
            return vector

    return Features().eval()


def _lite0(weights: Path) -> torch.nn.Module:
    """Return EfficientNet-Lite0 without its classes: pixels (1, 3, 224, 224) to (1, 1280).

    Tan and Le (ICML 2019), as its Lite variants were published; the mean over the last layer.
    """
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    class Features(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = EfficientNet.from_name(LITE0)
            self.model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            maps: torch.Tensor = self.model.extract_features(pixels)  # (1, 1280, 7, 7)
            return maps.mean(dim=(2, 3))  # (1, 1280)

    return Features().eval()


def _published(folder: Path) -> torch.nn.Module:
    """Return a Hugging Face vision model, or the vision half of one: pixels to (1, d).

    The mean over the last layer's patches or places: a pooled output is not trained in every
    published model, and then made anew each time that it is loaded.
    """
    import torch

    class Features(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            whole = load_model(folder)
            self.model = getattr(whole, "vision_model", whole)

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            hidden: torch.Tensor = self.model(pixel_values=pixels).last_hidden_state
            if hidden.ndim == 4:
                return hidden.mean(dim=(2, 3))  # (1, d, h, w) -> (1, d)
            return hidden.mean(dim=1)  # (1, t, d) -> (1, d)

    return Features().eval()
