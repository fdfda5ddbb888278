"""In which arithmetic an encoder is computed: by the precision asked for and by the processor.

Knows names of arithmetics and of capabilities; no graph, and not how a capability is found.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from postcast.validation import text

BFLOAT16, INT8 = "bfloat16", "int8"
"""Capabilities. `INT8` stands for int8 products with exact 32-bit sums, as VNNI and AMX have."""

FLOAT32 = "float32"
INT8_WITH_BFLOAT16, INT8_WITH_FLOAT32 = "int8-bfloat16", "int8-float32"
INT8_AS_FLOAT32 = "int8-as-float32"

ARITHMETICS: dict[str, dict[str, Any]] = {
    FLOAT32: {"INFERENCE_PRECISION_HINT": "f32"},
    BFLOAT16: {"INFERENCE_PRECISION_HINT": "bf16"},
    INT8_WITH_BFLOAT16: {"INFERENCE_PRECISION_HINT": "bf16"},
    INT8_WITH_FLOAT32: {"INFERENCE_PRECISION_HINT": "f32"},
    INT8_AS_FLOAT32: {"INFERENCE_PRECISION_HINT": "f32", "LP_TRANSFORMS_MODE": False},
}
"""OpenVINO's settings of each arithmetic.

In ``int8-…`` the large products of a quantised graph are in int8 and the rest is in what
follows. In ``int8-as-float32`` the values of a quantised graph are rounded as for int8, and
multiplied in float32: OpenVINO then leaves out its transformations to low precision.
"""

_BEFORE = {"exact": FLOAT32, "fast": BFLOAT16, "fastest": INT8_WITH_BFLOAT16}
"""What a forecaster was computed in that was saved before its arithmetic was written down."""


def computes_in(precision: str, capabilities: Collection[str]) -> str:
    """Return the fastest arithmetic that a processor has within a precision's closeness.

    A processor without an instruction set computes what needs it no faster than float32, and
    int8 without exact sums saturates: each then falls back to the next.

    Parameters
    ----------
    precision : {"exact", "fast", "fastest"}
    capabilities : collection of str
        Of `BFLOAT16` and `INT8`, those that the processor has.

    Returns
    -------
    str
        One of `ARITHMETICS`.
    """
    rest = BFLOAT16 if precision != "exact" and BFLOAT16 in capabilities else FLOAT32
    if precision != "fastest" or INT8 not in capabilities:
        return rest
    return INT8_WITH_BFLOAT16 if rest == BFLOAT16 else INT8_WITH_FLOAT32


def saved_in(facts: Mapping[str, Any]) -> str:
    """Return the arithmetic in which a saved forecaster's vectors were computed.

    Raises
    ------
    ValueError
        If it is none of `ARITHMETICS`.
    """
    if "arithmetic" not in facts:
        return _BEFORE[facts["precision"]]
    return text(facts, "arithmetic", tuple(ARITHMETICS))


def computes_again_in(saved: str, capabilities: Collection[str]) -> str:
    """Return in what a processor computes a graph that was saved on another.

    The same where it can, so that new vectors are comparable to the saved ones; else float32.

    Parameters
    ----------
    saved : str
        One of `ARITHMETICS`.
    capabilities : collection of str
        Of `BFLOAT16` and `INT8`, those that the processor has.
    """
    if is_quantised(saved) and INT8 not in capabilities:
        return INT8_AS_FLOAT32
    if saved == INT8_AS_FLOAT32:
        saved = INT8_WITH_FLOAT32
    if BFLOAT16 in capabilities:
        return saved
    return {BFLOAT16: FLOAT32, INT8_WITH_BFLOAT16: INT8_WITH_FLOAT32}.get(saved, saved)


def is_quantised(arithmetic: str) -> bool:
    """Return whether the arithmetic needs a graph of int8 weights."""
    return arithmetic.startswith(INT8)
