"""The training step in PyTorch, for an accelerator: the same calls as fast_cpu.FastTrainer, on tensors of the device.

Micro-batches of at most `rows` tokens in bfloat16 autocast; the optimiser (Muon for the layers' matrices, AdamW for
the rest) works on the flat array as cpu/step.cpp does.
"""
import numpy as np
import torch

import torch_model
from model_config import ModelConfig


MOMENTUM = 0.95


def orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """Singular values brought near 1 by five Newton–Schulz steps; see cpu/muon.hpp."""
    x = matrix.bfloat16() if matrix.is_cuda else matrix
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (x.norm() + 1e-12)
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return (x.T if tall else x).float()


class TorchTrainer:
    def __init__(self, config: ModelConfig, rows: int, device: str) -> None:
        self.config, self.rows, self.device = config, rows, torch.device(device)
        self.grad: torch.Tensor | None = None
        self.matrices: list[tuple[slice, tuple[int, int]]] = []
        self.rest: list[tuple[slice, float]] = []  # and how much of the decay it takes
        q, kv, start = config.width, config.kv_heads * config.head, 0
        for name, shape in config.tensors():
            parts = {"qkv": (q, kv, kv), "both": (config.inner, config.inner)}.get(name.split(".")[-1], shape[:1])
            for part in parts:
                rows = (part, *shape[1:])
                place = slice(start, start + int(np.prod(rows)))
                start = place.stop
                if "." in name and len(rows) == 2:
                    self.matrices.append((place, rows))
                else:
                    self.rest.append((place, float(len(rows) == 2)))
        self.logits = torch.compile(torch_model.logits) if device.startswith("cuda") else torch_model.logits

    def place(self, array: np.ndarray) -> torch.Tensor:
        return torch.tensor(array, device=self.device)

    def close(self) -> None:
        self.grad = None

    def run(
        self,
        parameters: torch.Tensor,
        tokens: np.ndarray,
        targets: np.ndarray,
        weights: np.ndarray,
        learn: bool,
        details: bool = False,
        narrowed: np.ndarray | None = None,
    ) -> tuple[float, np.ndarray | None, np.ndarray | None]:
        """Σ weights·loss; with details also each position's loss and most likely token; `narrowed`: see
        fast_cpu."""
        flat = parameters.detach().requires_grad_(learn)
        total, losses, best = 0.0, [], []
        together = max(1, self.rows // tokens.shape[1])
        for at in range(0, len(tokens), together):
            ids, wanted, scale = (
                torch.tensor(part[at : at + together], device=self.device)
                for part in (tokens.astype(np.int64), targets.astype(np.int64), weights)
            )
            few = None if narrowed is None else torch.tensor(narrowed[at : at + together], device=self.device)
            with torch.set_grad_enabled(learn), torch.autocast(self.device.type, torch.bfloat16):
                scores = self.logits(self.config, flat, ids, few).float()
            each = torch.nn.functional.cross_entropy(scores.flatten(0, 1), wanted.flatten(), reduction="none").view(
                ids.shape
            )
            loss = (each * scale).sum()
            if learn:
                loss.backward()
            total += float(loss.detach())
            if details:
                losses.append(each.detach().cpu().numpy())
                best.append(scores.detach().argmax(-1).cpu().numpy())
        self.grad = flat.grad
        return total, np.concatenate(losses) if details else None, np.concatenate(best) if details else None

    def update(
        self,
        parameters: torch.Tensor,
        first: torch.Tensor,
        second: torch.Tensor,
        rate: float,
        step: int,
        decay: float = 0.1,
        clip: float = 1.0,
        betas: tuple[float, float] = (0.9, 0.98),
    ) -> float:
        """One step; `step` counts from 1. Returns the gradient's norm; nothing changes if that is not finite."""
        assert self.grad is not None
        norm = float(self.grad.norm())
        if not np.isfinite(norm):
            return norm
        with torch.no_grad():
            grad = self.grad * min(1.0, clip / norm)
            for at, rows in self.matrices:
                first[at].mul_(MOMENTUM).add_(grad[at], alpha=1 - MOMENTUM)
                change = orthogonal(((1 - MOMENTUM) * grad[at] + MOMENTUM * first[at]).view(rows))
                parameters[at].mul_(1 - rate * decay).sub_(change.flatten(), alpha=rate * 0.2 * max(rows) ** 0.5)
            for at, share in self.rest:
                first[at].mul_(betas[0]).add_(grad[at], alpha=1 - betas[0])
                second[at].mul_(betas[1]).addcmul_(grad[at], grad[at], value=1 - betas[1])
                root = (second[at] / (1 - betas[1] ** step)).sqrt_().add_(1e-8)
                parameters[at].mul_(1 - rate * decay * share)
                parameters[at].addcdiv_(first[at], root, value=-rate / (1 - betas[0] ** step))
        return norm
