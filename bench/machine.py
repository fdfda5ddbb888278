"""What a result was measured on: date, machine, versions. Knows no benchmark."""

from __future__ import annotations

import datetime
import os
import platform
from pathlib import Path
from typing import Any

from postcast.runs.results import versions


def measured_on() -> dict[str, Any]:
    """Return the date, the machine and the versions of what shapes the results."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "system": platform.system(),
            "memory_gib": _memory_gib(),
        },
        "versions": versions(),
    }


def _cpuinfo(key: str) -> str | None:
    path = Path("/proc/cpuinfo")
    if not path.is_file():
        return None
    lines = (line.partition(":") for line in path.read_text().splitlines())
    return next((value.strip() for name, _, value in lines if name.strip() == key), None)


def cpu_flags() -> set[str]:
    """Return what the processor can do, by Linux's names; nothing where it does not tell."""
    return set((_cpuinfo("flags") or "").split())


def _processor() -> str:
    flags = cpu_flags()
    notable = [flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16") if flag in flags]
    name = _cpuinfo("model name") or platform.processor() or platform.machine()
    return " ".join([name, *notable])


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        return None


def usual_posts() -> Path:
    """Return pinterest.csv in ``$POSTCAST_DATA``, else beside the repository."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    return Path(os.environ.get("POSTCAST_DATA", beside)) / "pinterest.csv"
