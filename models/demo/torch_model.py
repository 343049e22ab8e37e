"""The same model in PyTorch: the plain statement of what cpu/ computes (check_gradients.py compares them), and what an
accelerator trains (train.py --device cuda). Parameters are one flat tensor, laid out by model_config.py."""
import torch
from torch.nn import functional

from model_config import ModelConfig


def rotation(config: ModelConfig, length: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    steps = torch.arange(0, config.head, 2, dtype=torch.float64, device=device) / config.head
    angles = torch.arange(length, dtype=torch.float64, device=device)[:, None] * config.rope_base**-steps
    return angles.cos().float(), angles.sin().float()


def rotate(x: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    """Turns neighbouring pairs of the last dimension; x is [batch, heads, length, head]."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), -1).flatten(-2)


def normalise(x: torch.Tensor, gain: torch.Tensor) -> torch.Tensor:
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * gain


def tensors(config: ModelConfig, flat: torch.Tensor) -> dict[str, torch.Tensor]:
    out, start = {}, 0
    for name, shape in config.tensors():
        count = int(torch.tensor(shape).prod())
        out[name] = flat[start : start + count].view(shape)
        start += count
    return out


FIRST, BLOCK = 4, 64  # as in cpu/attention.hpp


def visible(length: int, narrowed: torch.Tensor | None, device: torch.device) -> torch.Tensor:
    """What each query sees, [batch or 1, 1, query, key]. Narrowed sequences ([batch] bool) keep their first entries, the
    query's own block of 64 and the one before."""
    at = torch.arange(length, device=device)
    seen = at[None, :] <= at[:, None]
    if narrowed is None:
        return seen[None, None]
    near = seen & ((at[None, :] < FIRST) | (at[None, :] // BLOCK >= at[:, None] // BLOCK - 1))
    return torch.where(narrowed[:, None, None, None], near, seen)


def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, narrowed: torch.Tensor | None) -> torch.Tensor:
    if narrowed is None and hasattr(functional, "scaled_dot_product_attention"):
        return functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    return scores.masked_fill(~visible(q.shape[-2], narrowed, q.device), float("-inf")).softmax(-1) @ v


def logits(
    config: ModelConfig, flat: torch.Tensor, tokens: torch.Tensor, narrowed: torch.Tensor | None = None
) -> torch.Tensor:
    """[batch, length] ids → [batch, length, vocabulary]. The bits of `narrowed` [batch] are layers that see first and latest
    entries only."""
    w = tensors(config, flat)
    batch, length = tokens.shape
    cosine, sine = rotation(config, length, tokens.device)
    x = w["embedding"][tokens]
    widths = [config.heads * config.head, config.kv_heads * config.head, config.kv_heads * config.head]
    for i in range(config.layers):
        q, k, v = (normalise(x, w[f"{i}.gain1"]) @ w[f"{i}.qkv"].T).split(widths, -1)
        q, k, v = (part.view(batch, length, -1, config.head).transpose(1, 2) for part in (q, k, v))
        q, k = rotate(q, cosine, sine).to(v.dtype), rotate(k, cosine, sine).to(v.dtype)
        k, v = (part.repeat_interleave(config.heads // config.kv_heads, 1) for part in (k, v))
        few = None if narrowed is None else (narrowed >> i & 1).bool()
        x = x + attention(q, k, v, few).transpose(1, 2).reshape(batch, length, -1) @ w[f"{i}.o"].T
        gate, up = (normalise(x, w[f"{i}.gain2"]) @ w[f"{i}.both"].T).chunk(2, -1)
        x = x + (functional.silu(gate) * up) @ w[f"{i}.down"].T
    return normalise(x, w["gain"]) @ w["embedding"].T


def loss(
    config: ModelConfig,
    flat: torch.Tensor,
    tokens: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    narrowed: torch.Tensor | None = None,
) -> torch.Tensor:
    """Σ weights·loss."""
    scores = logits(config, flat, tokens, narrowed)
    each = functional.cross_entropy(scores.float().flatten(0, 1), targets.flatten(), reduction="none")
    return (each * weights.flatten()).sum()
