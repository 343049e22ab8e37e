"""The training step on CPU cores: builds cpu/step.cpp once with g++ and calls it. Needs AVX-512 with BF16.

The array of parameters and the optimiser's two (Muon uses the first only) belong to the caller (numpy, float32);
gradients stay inside.
"""
import ctypes
import subprocess
import sys
from pathlib import Path

import numpy as np

from model_config import ModelConfig
from places import BUILD

SOURCE = Path(__file__).resolve().parent / "cpu"
FLAGS = [
    "-std=c++20",
    "-O3",
    "-march=native",
    "-mavx512bf16",
    "-mprefer-vector-width=512",
    "-shared",
    "-fPIC",
    "-pthread",
]


def supported() -> bool:
    return "avx512_bf16" in Path("/proc/cpuinfo").read_text()


def _library() -> ctypes.CDLL:
    if not supported():
        sys.exit(
            f"{Path(sys.argv[0]).name}: the training step for CPU cores needs a processor with AVX-512 BF16, which this one is not; "
            "`train.py --device cpu` trains with PyTorch instead"
        )
    target = BUILD / "step.so"
    newest = max(path.stat().st_mtime for path in SOURCE.iterdir())
    if not target.exists() or target.stat().st_mtime < newest:
        BUILD.mkdir(parents=True, exist_ok=True)
        subprocess.run(["g++", *FLAGS, str(SOURCE / "step.cpp"), "-o", f"{target}.new"], check=True)
        Path(f"{target}.new").replace(target)
    library = ctypes.CDLL(str(target))
    library.demo_create.restype = ctypes.c_void_p
    library.demo_create.argtypes = [ctypes.c_int] * 9 + [ctypes.c_double]
    library.demo_destroy.argtypes = [ctypes.c_void_p]
    library.demo_run.restype = ctypes.c_double
    library.demo_run.argtypes = [ctypes.c_void_p] * 6 + [ctypes.c_int] * 4 + [ctypes.c_void_p] * 2
    library.demo_update.restype = ctypes.c_double
    library.demo_update.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_float] * 5 + [ctypes.c_int64]
    library.demo_gradient.restype = ctypes.POINTER(ctypes.c_float)
    library.demo_gradient.argtypes = [ctypes.c_void_p]
    return library


def _at(array: np.ndarray | None) -> int | None:
    return None if array is None else array.ctypes.data


class FastTrainer:
    """Micro-batches of at most `rows` tokens on `threads` threads."""

    def __init__(self, config: ModelConfig, rows: int, threads: int) -> None:
        assert config.head == 32 and config.width % 64 == 0 and config.inner % 64 == 0 and config.vocabulary % 64 == 0
        self.config, self.rows, self.library = config, rows, _library()
        self.handle = self.library.demo_create(
            config.layers,
            config.width,
            config.heads,
            config.kv_heads,
            config.inner,
            config.vocabulary,
            rows,
            threads,
            config.context,
            config.rope_base,
        )

    def place(self, array: np.ndarray) -> np.ndarray:
        return np.array(array, np.float32)

    def close(self) -> None:
        self.library.demo_destroy(self.handle)

    def run(
        self,
        parameters: np.ndarray,
        tokens: np.ndarray,
        targets: np.ndarray,
        weights: np.ndarray,
        learn: bool,
        details: bool = False,
        narrowed: np.ndarray | None = None,
    ) -> tuple[float, np.ndarray | None, np.ndarray | None]:
        """Σ weights·loss of [count, length] sequences; with details also each position's loss and most likely
        token. `narrowed`, [count] int32: the bits are layers in which a sequence sees its first and latest
        entries only (torch_model.visible)."""
        count, length = tokens.shape
        assert length % 64 == 0 and length <= self.rows and parameters.dtype == np.float32
        tokens, targets = np.ascontiguousarray(tokens, np.int32), np.ascontiguousarray(targets, np.int32)
        weights = np.ascontiguousarray(weights, np.float32)
        narrowed = None if narrowed is None else np.ascontiguousarray(narrowed, np.int32)
        losses = np.empty(tokens.shape, np.float32) if details else None
        best = np.empty(tokens.shape, np.int32) if details else None
        together = max(1, min(self.rows // length, -(-count // 2)))
        loss = self.library.demo_run(
            self.handle,
            _at(parameters),
            _at(tokens),
            _at(targets),
            _at(weights),
            _at(narrowed),
            count,
            length,
            together,
            int(learn),
            _at(losses),
            _at(best),
        )
        return loss, losses, best

    def update(
        self,
        parameters: np.ndarray,
        first: np.ndarray,
        second: np.ndarray,
        rate: float,
        step: int,
        decay: float = 0.1,
        clip: float = 1.0,
        betas: tuple[float, float] = (0.9, 0.98),
    ) -> float:
        """One step of the optimiser; `step` counts from 1. Returns the gradient's norm; nothing changes if that is not
        finite."""
        return self.library.demo_update(
            self.handle, _at(parameters), _at(first), _at(second), rate, *betas, decay, clip, step
        )

    def gradient(self) -> np.ndarray:
        """The gradient of the last run, for checks (once a run)."""
        return np.ctypeslib.as_array(self.library.demo_gradient(self.handle), (self.config.size(),)).copy()
