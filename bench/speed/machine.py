"""What the processor has, and staying on one core of it."""

from __future__ import annotations

import os

from bench.machine import cpu_flags


def has_bf16_and_vnni() -> bool:
    """Return whether the processor multiplies bfloat16 and int8 in AVX-512."""
    return {"avx512_bf16", "avx512_vnni"} <= cpu_flags()


def pin_to_one_core() -> None:
    """Stay on one core, with everything that this process starts."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
