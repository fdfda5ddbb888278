"""Run a command as on a processor without AVX: each library is told to use no more than SSE4.

`python tests/restricted.py COMMAND ...` first computes a little with each library, as the machine
is and restricted, prints what changed, and ends with 1 where a library that is expected to obey
does not; then COMMAND runs, restricted. Without a COMMAND it is the experiment alone. Which
library obeys what is described in CONTRIBUTING.md.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from typing import Any

RESTRICTIONS = {
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "OV_CPU_MAX_ISA": "SSE41",
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
    "OPENBLAS_CORETYPE": "Nehalem",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3,X86_V4,AVX512_ICL,AVX512_SPR",
    "FAISS_SIMD_LEVEL": "NONE",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA",
}
"""What is set; nothing else of the environment is read or changed."""


def numpy_itself() -> list[Any]:
    import numpy as np
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    used = [name for name in __cpu_dispatch__ if __cpu_features__[name]]
    return [used, digest(np.exp(normal(200, 200)))]


def openblas() -> list[Any]:
    """Of numpy and of scipy, which scikit-learn uses as well."""
    import scipy.linalg
    from threadpoolctl import threadpool_info

    square = normal(200, 200).astype("float64")
    names = sorted(str(pool.get("architecture")) for pool in threadpool_info())
    return [names, digest(square @ square.T), digest(scipy.linalg.qr(square)[1])]


def torch_itself() -> list[Any]:
    import torch

    return [torch.backends.cpu.get_cpu_capability(), digest(torch.from_numpy(normal(64, 64)).exp())]


def torch_mkl() -> list[Any]:
    import torch

    a = torch.from_numpy(normal(64, 384))
    return [digest(a @ a.T)]


def torch_onednn() -> list[Any]:
    import torch

    image, kernel = (torch.from_numpy(normal(6, n, n)[None]) for n in (64, 3))
    return [digest(torch.nn.functional.conv2d(image, kernel))]


def openvino_graph() -> list[Any]:
    """Layers' kernels by name; a product of matrices (MLAS) obeys nothing, and is left out."""
    import openvino
    from openvino import opset13 as op

    given = op.parameter([-1, 384], openvino.Type.f32)
    graph = openvino.Model([op.softmax(op.gelu(given, "erf"), 1)], [given])
    compiled = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    layers = [layer.get_rt_info() for layer in compiled.get_runtime_model().get_ops()]
    kernels = {str(layer["primitiveType"].astype(str)) for layer in layers}
    known = sorted(kernel for kernel in kernels if kernel.startswith("jit"))
    return [known, digest(compiled(normal(64, 384))[0])]


def faiss_itself() -> list[Any]:
    import faiss

    vectors = normal(500, 384)
    index = faiss.IndexFlatIP(384)
    index.add(vectors)
    return [faiss.get_compile_options().split()[-1], digest(index.search(vectors[:9], 5)[0])]


def libm() -> list[Any]:
    """Of the C library; LightGBM, scikit-learn and Python's own math take exp and log from it."""
    exp = ctypes.CDLL("libm.so.6").exp
    exp.restype, exp.argtypes = ctypes.c_double, [ctypes.c_double]
    return [digest([exp(float(value)) for value in normal(100, 100).ravel()])]


def lightgbm_itself() -> list[Any]:
    import lightgbm

    x = normal(2000, 10).astype("float64")
    data = lightgbm.Dataset(x, (x[:, 0] > 0.3).astype(int) + (x[:, 1] > 0))
    settings = {"objective": "multiclass", "num_class": 3, "verbose": -1, "num_threads": 1}
    return [digest(lightgbm.train(settings, data, 20).predict(x))]


PROBES: tuple[Callable[[], list[Any]], ...] = (
    numpy_itself,
    openblas,
    torch_itself,
    torch_mkl,
    torch_onednn,
    openvino_graph,
    faiss_itself,
    libm,
    lightgbm_itself,
)


def normal(*shape: int) -> Any:
    import numpy as np

    return np.random.default_rng(7).normal(size=shape).astype("float32")


def digest(numbers: Any) -> str:
    import numpy as np

    return hashlib.sha256(np.ascontiguousarray(numbers).tobytes()).hexdigest()[:8]


def answers() -> dict[str, list[Any] | None]:
    """Return what each probe finds; None where its library is not installed."""
    found: dict[str, list[Any] | None] = {}
    for probe in PROBES:
        try:
            found[probe.__name__] = probe()
        except ModuleNotFoundError:
            found[probe.__name__] = None
    return found


def probed(environment: dict[str, str]) -> dict[str, list[Any] | None]:
    """Return the answers of a process with another environment."""
    command = [sys.executable, __file__, "--probe"]
    done = subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=True)
    return json.loads(done.stdout)


def main(arguments: list[str]) -> int:
    if arguments == ["--probe"]:
        sys.stdout.write(json.dumps(answers()))
        return 0
    if platform.machine() != "x86_64" or platform.libc_ver()[0] != "glibc":
        return _end("only x86-64 processors under glibc can be restricted: nothing was run")
    plain = {name: value for name, value in os.environ.items() if name not in RESTRICTIONS}
    restricted = plain | RESTRICTIONS
    before, after = probed(plain), probed(restricted)
    for name in before:
        sys.stdout.write(f"{name}: {before[name]} -> {after[name]}\n")
    disobeyed = [name for name in before if before[name] and before[name] == after[name]]
    if disobeyed:
        return _end(f"not restricted: {', '.join(disobeyed)}")
    sys.stdout.flush()
    return subprocess.run(arguments, env=restricted, check=False).returncode if arguments else 0


def _end(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
