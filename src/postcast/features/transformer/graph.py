"""An encoder as a graph that OpenVINO runs on a CPU: token ids to vectors. Knows no text."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from postcast.errors import EncoderError, MissingExtraError, OutputError
from postcast.features.cache import COMPILED, Cache, default_folder
from postcast.features.digests import digest_of_this_process
from postcast.features.transformer.arithmetic import ARITHMETICS

if TYPE_CHECKING:
    from postcast.schema import FloatArray, IntArray

GRAPH, WEIGHTS, TOKENIZER = "encoder.xml", "encoder.bin", "tokenizer.json"
"""The files of a graph's folder; licences and the model's page may stand beside them."""

BLOB = "compiled.blob"

TOKENS_AT_ONCE = 2048


class Graph:
    """A compiled graph.

    Parameters
    ----------
    folder : Path
        Holds `GRAPH` and `WEIGHTS`.
    arithmetic : str
        One of `postcast.features.transformer.arithmetic.ARITHMETICS`.

    Raises
    ------
    MissingExtraError
        If OpenVINO is not installed.
    EncoderError
        If the graph cannot be read.
    """

    tokens_at_once = TOKENS_AT_ONCE

    def __init__(self, folder: Path, arithmetic: str) -> None:
        openvino = import_openvino()
        settings = {
            **ARITHMETICS[arithmetic],
            "INFERENCE_NUM_THREADS": n_threads(),
            "NUM_STREAMS": n_threads(),
            "ENABLE_CPU_PINNING": False,
            "CACHE_MODE": "OPTIMIZE_SIZE",  # weights stay in their own file, not in what is kept
        }
        try:
            graph = compiled(folder, settings, openvino)
            self._queue: Any = openvino.AsyncInferQueue(graph, n_threads())
        except RuntimeError as error:
            reason = (str(error).strip().splitlines() or ["no reason given"])[-1]
            raise EncoderError(f"{folder / GRAPH} cannot be read: {reason}", "a graph") from error

    def answer(self, ids: IntArray, mask: IntArray) -> FloatArray:
        """Return one vector a row, each computed alone, by one thread.

        Kernels are chosen by the shape of a batch and add up in an order of their own. A row
        computed alone has the same vector, to the last bit, whatever rows stand beside it and
        however many cores there are; several rows are computed at once, a core each.

        Parameters
        ----------
        ids : ndarray of int64, shape (b, t)
            Token ids.
        mask : ndarray of int64, shape (b, t)
            1 where a token is real.

        Returns
        -------
        ndarray of float32, shape (b, d)
        """
        vectors: list[FloatArray] = [np.empty(0, dtype=np.float32)] * len(ids)

        def keep(request: Any, row: int) -> None:
            vectors[row] = np.array(request.get_output_tensor(0).data[0], dtype=np.float32)

        self._queue.set_callback(keep)
        try:
            for row in range(len(ids)):
                texts = {0: ids[row : row + 1], 1: mask[row : row + 1]}
                self._queue.start_async(texts, userdata=row)
            self._queue.wait_all()
        except RuntimeError as error:
            reason = (str(error).strip().splitlines() or ["no reason given"])[-1]
            raise EncoderError(f"the encoder's graph fails: {reason}", "a graph") from error
        return np.stack(vectors)


def import_openvino() -> Any:
    """Return the module of OpenVINO, which takes a fifth of a second to import.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    with without_telemetry():
        try:
            import openvino
        except ImportError as error:
            raise MissingExtraError("a transformer encoder", "openvino") from error
    return openvino


@functools.cache
def one_core(openvino: Any) -> Any:
    """Return what runs the graphs of this process; it is made once, and never given back.

    OpenVINO gives the thread that first uses one a stack for signals, and unmaps it when that
    core goes, in whatever thread this happens: the next signal would then end the process.
    """
    return openvino.Core()


def compiled(folder: Path, settings: dict[str, Any], openvino: Any) -> Any:
    """Return a graph ready to run, compiled at most once for these settings and this processor."""
    core = one_core(openvino)

    def compile_here(where: Path) -> None:
        model = core.compile_model(folder / GRAPH, "CPU", settings)
        (where / BLOB).write_bytes(model.export_model().getvalue())

    cache = Cache(default_folder())
    try:
        parts = [digest_of_this_process(folder / name) for name in (GRAPH, WEIGHTS)]
        told = json.dumps([*parts, settings, openvino.__version__, *_processor(core)])
        key = hashlib.sha256(told.encode()).hexdigest()[:32]
        kept = cache.made(COMPILED, key, {"openvino": openvino.__version__}, compile_here)
    except (OSError, OutputError):
        return core.compile_model(folder / GRAPH, "CPU", settings)
    try:
        blob = (kept / BLOB).read_bytes()
        return core.import_model(blob, "CPU", {**settings, "WEIGHTS_PATH": str(folder / WEIGHTS)})
    except (OSError, RuntimeError):  # broken, or compiled for another processor
        cache.forget(COMPILED, key)
        return core.compile_model(folder / GRAPH, "CPU", settings)


def _processor(core: Any) -> list[str]:
    """Return what decides on the kernels: on a cluster, unlike processors may share a cache."""
    name = core.get_property("CPU", "FULL_DEVICE_NAME")
    capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    restriction = os.environ.get("ONEDNN_MAX_CPU_ISA", "")
    return [platform.machine(), name, *capabilities, restriction]


def n_threads() -> int:
    """Return how many cores this process may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return max(min(allowed or 1, int(asked) if asked.isdigit() else allowed or 1), 1)


@contextlib.contextmanager
def without_telemetry() -> Iterator[None]:
    """Keep OpenVINO and NNCF from reporting that they are imported, as they do by default.

    Both do without the package that reports where it cannot be imported. postcast uses no
    network that it was not asked to use.
    """
    name = "openvino_telemetry"
    before = sys.modules.get(name)
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
        if before is not None:
            sys.modules[name] = before
