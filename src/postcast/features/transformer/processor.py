"""What this machine's processor can do for an encoder, as OpenVINO tells and shows it.

Knows no encoder. Restrictions such as ``ONEDNN_MAX_CPU_ISA`` are seen, since kernels obey them.
"""

from __future__ import annotations

import functools
import platform
from typing import Any

import numpy as np

from postcast.features.transformer.arithmetic import (
    BFLOAT16,
    INT8,
    computes_again_in,
    computes_in,
)
from postcast.features.transformer.graph import one_core, without_telemetry

X86 = {"x86_64", "amd64", "i686", "x86"}

BFLOAT16_KERNEL = "brgemm"
"""How the kernels begin whose products the processor makes; others convert each number."""

N_FACTORS, LARGEST_INPUT, LARGEST_WEIGHT = 64, 255, 127
"""Two products of the largest u8 and s8 exceed 16 bits: without VNNI their sum saturates."""


def arithmetic_here(precision: str) -> str:
    """Return in which arithmetic a new graph is computed on this processor."""
    return computes_in(precision, _needed(precision != "exact", precision == "fastest"))


def arithmetic_again(saved: str) -> str:
    """Return in which arithmetic a saved graph is computed on this processor."""
    return computes_again_in(saved, _needed(BFLOAT16 in saved, INT8 in saved))


def capabilities() -> frozenset[str]:
    """Return those of `BFLOAT16` and `INT8` that this processor has."""
    return _needed(bfloat16=True, int8=True)


def _needed(bfloat16: bool, int8: bool) -> frozenset[str]:
    """Return the capabilities; only those that make a difference are looked for."""
    found = set()
    if bfloat16 and has_bfloat16():
        found.add(BFLOAT16)
    if int8 and has_exact_int8():
        found.add(INT8)
    return frozenset(found)


@functools.cache
def has_bfloat16() -> bool:
    """Return whether the processor multiplies bfloat16 itself.

    OpenVINO lists what the processor has, whatever restricts it: a graph then cannot be compiled,
    or is computed twenty times as slowly. So a product is compiled, and its kernel looked at.
    """
    if "BF16" not in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        return False
    try:
        compiled = _core().compile_model(_product_of_floats(), "CPU", _settings("bf16"))
    except RuntimeError:
        return False
    told = [operation.get_rt_info() for operation in compiled.get_runtime_model().get_ops()]
    kernels = [one["primitiveType"].astype(str) for one in told if "primitiveType" in one]
    return any(name.startswith(BFLOAT16_KERNEL) for name in kernels)


@functools.cache
def has_exact_int8() -> bool:
    """Return whether int8 products are summed without saturation, as VNNI and AMX do.

    OpenVINO lists int8 for every processor. On x86-64 without VNNI it adds pairs of products in
    16 bits, which saturate, and is no faster than in float32; so a product is computed that
    would saturate. Other processors were never measured: they compute in float32.
    """
    if platform.machine().lower() not in X86:
        return False
    try:
        compiled = _core().compile_model(_product_of_integers(), "CPU", _settings("f32"))
        request = compiled.create_infer_request()
        inputs = np.full((8, N_FACTORS), LARGEST_INPUT, dtype=np.float32)
        sums = request.infer({0: inputs})[0]
    except RuntimeError:  # no kernel for it under the restrictions that are set
        return False
    return bool(np.allclose(sums, N_FACTORS * LARGEST_INPUT * LARGEST_WEIGHT, rtol=1e-3))


def _settings(precision: str) -> dict[str, Any]:
    return {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": 1}


def _product_of_floats() -> Any:
    """Return a graph of one float32 product, as long as an encoder's."""
    openvino, ops = _openvino()
    inputs = ops.parameter([64, 384], np.float32)
    weights = ops.constant(np.ones((384, 384), dtype=np.float32))
    return openvino.Model([ops.matmul(inputs, weights, False, True)], [inputs])


def _product_of_integers() -> Any:
    """Return a graph of one int8 product of the largest values."""
    openvino, ops = _openvino()
    inputs = ops.parameter([8, N_FACTORS], np.float32)
    low, high = np.float32(0), np.float32(LARGEST_INPUT)
    rounded = ops.fake_quantize(inputs, low, high, low, high, LARGEST_INPUT + 1)
    weights = ops.constant(np.full((64, N_FACTORS), LARGEST_WEIGHT, dtype=np.int8))
    scaled = ops.multiply(ops.convert(weights, np.float32), ops.constant(np.float32(1)))
    return openvino.Model([ops.matmul(rounded, scaled, False, True)], [inputs])


def _core() -> Any:
    return one_core(_openvino()[0])


def _openvino() -> tuple[Any, Any]:
    """Return the module, and that of its operations."""
    with without_telemetry():
        import openvino
        import openvino.opset13 as ops
    return openvino, ops
