"""How near embedding is to what the processor can do: multiply-adds against a large product."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from postcast.features.transformer.arithmetic import ARITHMETICS, is_quantised
from postcast.features.transformer.graph import without_telemetry

SIDE = 2048
REPEATS = 5


def multiply_adds(config: Any, lengths: Sequence[int]) -> float:
    """Return the multiply-adds of an encoder over texts of these many tokens."""
    width, layers, inner = config["width"], config["layers"], config["inner"]
    return float(
        sum(layers * (n * (4 * width**2 + 2 * width * inner) + 2 * n**2 * width) for n in lengths)
    )


def products_a_second(arithmetic: str) -> float:
    """Return the multiply-adds a second of a square matrix product on one thread.

    The product is run by the same library, in the encoder's own arithmetic.
    """
    with without_telemetry():
        import openvino
        import openvino.opset13 as ops

    rng = np.random.default_rng(0)
    left = ops.parameter([SIDE, SIDE], np.float32)
    right = ops.constant(rng.normal(size=(SIDE, SIDE)).astype(np.float32))
    model = openvino.Model([ops.matmul(left, right, False, True)], [left])
    if is_quantised(arithmetic):
        model = _quantised(model)
    settings = {**ARITHMETICS[arithmetic], "INFERENCE_NUM_THREADS": 1}
    request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
    values = rng.normal(size=(SIDE, SIDE)).astype(np.float32)
    took = []
    for _ in range(REPEATS + 1):
        start = time.perf_counter()
        request.infer({0: values})
        took.append(time.perf_counter() - start)
    return float(SIDE**3 / statistics.median(took[1:]))


def _quantised(model: Any) -> Any:
    import logging

    with without_telemetry():
        import nncf

    nncf.set_log_level(logging.ERROR)
    rng = np.random.default_rng(1)
    data = [rng.normal(size=(SIDE, SIDE)).astype(np.float32) for _ in range(2)]
    return nncf.quantize(model, nncf.Dataset(data), subset_size=2)
