"""What the processor has, what a bar needs of it, and staying on one core of it."""

from __future__ import annotations

import os
from collections.abc import Collection

from bench.machine import cpu_flags
from postcast.features.transformer.arithmetic import BFLOAT16, INT8
from postcast.features.transformer.processor import capabilities

NEEDS = {"exact": (), "fast": (BFLOAT16,), "fastest": (BFLOAT16, INT8)}
"""What a processor must have for the bars of a precision to apply."""

WORDS = {BFLOAT16: "bfloat16", INT8: "int8 with exact sums (VNNI or AMX)"}

INSTRUCTION_SETS = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8")


def instruction_sets() -> list[str]:
    """Return the processor's instruction sets that matter to speed, by Linux's names."""
    return [name for name in INSTRUCTION_SETS if name in cpu_flags()]


def missing(needs: Collection[str]) -> str | None:
    """Return in words what a processor lacks of what is needed; None where it has all."""
    lacking = [WORDS[name] for name in needs if name not in capabilities()]
    return f"this processor has no {' and no '.join(lacking)}" if lacking else None


def pin_to_one_core() -> None:
    """Stay on one core, with everything that this process starts."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
