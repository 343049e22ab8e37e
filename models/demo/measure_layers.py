"""What each layer's attention is worth, and where attention sinks are: the properties KV budgets need. Part of
evaluate.py.

One layer at a time keeps only the first entries and the last 64 (the others stay whole); the rise of the loss on the
second half of each sequence is that layer's share. A permutation test says whether layers differ; PyTorch computes, in
float32.
"""
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from model_config import ModelConfig
from torch_model import normalise, rotate, rotation, tensors

SINKS, RECENT = 4, 64


def forward(
    config: ModelConfig,
    w: dict[str, torch.Tensor],
    tokens: torch.Tensor,
    pruned: int | None,
    sinks: np.ndarray | None = None,
) -> torch.Tensor:
    """Losses [length − 1] of one sequence; layer `pruned` keeps sinks and recent entries. With `sinks` [layers, heads,
    8], adds the mean attention that each of the first 8 entries draws from queries beyond the 64th."""
    n = len(tokens) - 1
    cosine, sine = rotation(config, n, tokens.device)
    q_width, kv_width = config.heads * config.head, config.kv_heads * config.head
    at = torch.arange(n)
    visible = at[None, :] <= at[:, None]
    near = visible & ((at[None, :] < SINKS) | (at[None, :] > at[:, None] - RECENT))
    x = w["embedding"][tokens[:-1]]
    for i in range(config.layers):
        q, k, v = (normalise(x, w[f"{i}.gain1"]) @ w[f"{i}.qkv"].T).split([q_width, kv_width, kv_width], -1)
        q, k, v = (part.view(n, -1, config.head).transpose(0, 1) for part in (q, k, v))
        q, k = rotate(q, cosine, sine), rotate(k, cosine, sine)
        k, v = (part.repeat_interleave(config.heads // config.kv_heads, 0) for part in (k, v))
        scores = q @ k.transpose(-1, -2) / config.head**0.5
        weights = scores.masked_fill(~(near if i == pruned else visible), float("-inf")).softmax(-1)
        if sinks is not None:
            sinks[i] += weights[:, RECENT:, :8].mean(1).numpy()
        x = x + (weights @ v).transpose(0, 1).reshape(n, -1) @ w[f"{i}.o"].T
        gate, up = (normalise(x, w[f"{i}.gain2"]) @ w[f"{i}.both"].T).chunk(2, -1)
        x = x + (functional.silu(gate) * up) @ w[f"{i}.down"].T
    return functional.cross_entropy(normalise(x, w["gain"]) @ w["embedding"].T, tokens[1:], reduction="none")


@dataclass
class Layers:
    rise: np.ndarray  # [sequences, layers], of the weighted loss in nats
    sinks: np.ndarray  # [layers, heads, 8]

    def shares(self) -> np.ndarray:
        """Of the summed rise, by layer; falls count as none."""
        mean = np.maximum(self.rise.mean(0), 0)
        return mean / max(mean.sum(), 1e-9)

    def p_value(self, rounds: int = 10000) -> float:
        """How often shuffling the layers within each sequence makes their means differ as much as they do."""
        rng = np.random.default_rng(1)
        seen = self.rise.mean(0).var()
        hits = sum(rng.permuted(self.rise, axis=1).mean(0).var() >= seen for _ in range(rounds))
        return (hits + 1) / (rounds + 1)


def measure(config: ModelConfig, flat: np.ndarray, rows: list[tuple[list[int], list[float]]]) -> Layers:
    """rows: ids and the weight of predicting each; weights of 0 leave a token out."""
    w = tensors(config, torch.tensor(flat))
    sinks = np.zeros((config.layers, config.heads, 8))
    rise = np.zeros((len(rows), config.layers))
    long = sum(len(ids) - 1 > RECENT for ids, _ in rows)  # sequences with a query beyond the recent entries
    with torch.no_grad():
        for index, (ids, weights) in enumerate(rows):
            tokens, scale = torch.tensor(ids), torch.tensor(weights[1:])
            scale = scale / scale.sum()
            seen = sinks if len(ids) - 1 > RECENT else None
            base = float((forward(config, w, tokens, None, seen) * scale).sum())
            for layer in range(config.layers):
                rise[index, layer] = float((forward(config, w, tokens, layer) * scale).sum()) - base
    return Layers(rise, sinks / max(long, 1))
