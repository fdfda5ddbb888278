"""An image encoder as a graph that OpenVINO runs on a CPU: pixels to a vector. Knows no file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.errors import EncoderError
from postcast.features.transformer.arithmetic import ARITHMETICS
from postcast.features.transformer.graph import GRAPH, compiled, n_threads, without_telemetry

if TYPE_CHECKING:
    from pathlib import Path

    from postcast.schema import FloatArray


class ImageGraph:
    """A compiled image encoder.

    Parameters
    ----------
    folder : Path
        Holds the graph and its weights.
    arithmetic : {"float32", "bfloat16"}
    """

    def __init__(self, folder: Path, arithmetic: str) -> None:
        with without_telemetry():
            import openvino
        settings = {
            **ARITHMETICS[arithmetic],
            "INFERENCE_NUM_THREADS": n_threads(),
            "ENABLE_CPU_PINNING": False,
            "PERFORMANCE_HINT": "LATENCY",
            "CACHE_MODE": "OPTIMIZE_SIZE",
        }
        try:
            self._request: Any = compiled(folder, settings, openvino).create_infer_request()
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise EncoderError(f"{folder / GRAPH} cannot be read: {reason}", "a graph") from error

    def answer(self, prepared: FloatArray) -> FloatArray:
        """Return an image's vector, float32, shape (d,), of pixels of shape (1, 3, h, w).

        One image at a time, so that no vector depends on the images beside it.
        """
        answer: FloatArray = np.array(self._request.infer({0: prepared})[0], dtype=np.float32)
        return answer.reshape(-1)
