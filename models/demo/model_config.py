"""The demo model's shape, and where each tensor lies in the flat float32 array that is trained and saved.

A plain llama: RMSNorm, rotary positions (neighbouring pairs), SwiGLU, grouped-query attention, tied embeddings. The
order of the array is that of cpu/layout.hpp: embedding, then per layer gain, qkv, o, gain, gate+up, down, then the
last gain.
"""
from dataclasses import asdict, dataclass
from typing import Iterator

import numpy as np


@dataclass(frozen=True)
class ModelConfig:
    layers: int = 10
    width: int = 256
    heads: int = 8
    kv_heads: int = 4
    inner: int = 512
    vocabulary: int = 2048
    context: int = 4096
    rope_base: float = 10000.0

    @property
    def head(self) -> int:
        return self.width // self.heads

    def tensors(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Names and shapes in the order of the array."""
        d, f, qkv = self.width, self.inner, (self.heads + 2 * self.kv_heads) * self.head
        yield "embedding", (self.vocabulary, d)
        for i in range(self.layers):
            yield f"{i}.gain1", (d,)
            yield f"{i}.qkv", (qkv, d)
            yield f"{i}.o", (d, d)
            yield f"{i}.gain2", (d,)
            yield f"{i}.both", (2 * f, d)
            yield f"{i}.down", (d, f)
        yield "gain", (d,)

    def size(self) -> int:
        return sum(int(np.prod(shape)) for _, shape in self.tensors())

    def views(self, flat: np.ndarray) -> dict[str, np.ndarray]:
        """The tensors as views of the array."""
        out: dict[str, np.ndarray] = {}
        start = 0
        for name, shape in self.tensors():
            count = int(np.prod(shape))
            out[name] = flat[start : start + count].reshape(shape)
            start += count
        assert start == flat.size
        return out

    def initial(self, seed: int) -> np.ndarray:
        """Normal weights; what is added to the residual stream starts smaller, by the root of twice the layers."""
        rng = np.random.default_rng(seed)
        flat = np.ones(self.size(), np.float32)
        for name, view in self.views(flat).items():
            if name.endswith(("gain", "gain1", "gain2")):
                continue
            scale = 0.02 if name == "embedding" else 0.6 / np.sqrt(view.shape[1])
            if name.endswith((".o", ".down")):
                scale /= np.sqrt(2 * self.layers)
            view[...] = rng.normal(0, scale, view.shape)
        return flat

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


SMALL = ModelConfig()
LARGE = ModelConfig(layers=12, width=384, heads=12, kv_heads=4, inner=1024, vocabulary=8192)  # for an accelerator
