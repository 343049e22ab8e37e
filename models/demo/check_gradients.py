"""python3 models/demo/check_gradients.py: the hand-written training step against PyTorch's derivatives and
against the same optimiser in PyTorch, then its speed."""
import sys
import time

import numpy as np
import torch

import torch_model
from fast_cpu import FastTrainer
from model_config import SMALL, ModelConfig
from torch_trainer import TorchTrainer


def compare(config: ModelConfig, count: int, length: int) -> float:
    rng = np.random.default_rng(1)
    parameters = config.initial(3)
    parameters *= 1 + 0.1 * rng.standard_normal(parameters.size).astype(np.float32)
    parameters[: config.vocabulary * config.width] *= 10
    tokens = rng.integers(0, config.vocabulary, (count, length))
    targets = rng.integers(0, config.vocabulary, (count, length))
    weights = rng.random((count, length)).astype(np.float32) / (count * length)
    trainer = FastTrainer(config, max(length, 512), 2)
    narrowed = rng.integers(0, 1 << config.layers, count)
    ours, losses, best = trainer.run(parameters, tokens, targets, weights, learn=True, details=True, narrowed=narrowed)
    gradient = config.views(trainer.gradient())
    trainer.close()
    flat = torch.tensor(parameters, requires_grad=True)
    few = torch.tensor(narrowed)
    theirs = torch_model.loss(config, flat, torch.tensor(tokens), torch.tensor(targets), torch.tensor(weights), few)
    theirs.backward()
    scores = torch_model.logits(config, flat, torch.tensor(tokens), few).detach()
    agree = float((scores.argmax(-1).numpy() == best).mean())
    print(f"{count} × {length}: loss {ours:.5f}, PyTorch {theirs.item():.5f}; same best token {agree:.3f}")
    worst = 0.0
    for name, expected in config.views(flat.grad.numpy()).items():
        error = float(np.linalg.norm(gradient[name] - expected) / np.linalg.norm(expected))
        worst = max(worst, error)
        if error > 0.05 or "-v" in sys.argv:
            print(f"  {name}: relative error {error:.4f}")
    return worst


def compare_steps(config: ModelConfig, steps: int) -> float:
    """A few whole steps of both trainers from one start: how far apart the changes end, relative to their size."""
    rng = np.random.default_rng(5)
    start = config.initial(4)
    ends = []
    for trainer in (FastTrainer(config, 512, 2), TorchTrainer(config, 512, "cpu")):
        rng = np.random.default_rng(5)
        parameters, first, second = (trainer.place(array) for array in (start, 0 * start, 0 * start))
        for step in range(steps):
            tokens = rng.integers(0, config.vocabulary, (8, 129))
            weights = np.full((8, 128), 1 / 1024, np.float32)
            trainer.run(parameters, tokens[:, :-1], tokens[:, 1:], weights, learn=True)
            trainer.update(parameters, first, second, 1e-3, step + 1)
        ends.append(np.asarray(parameters) - start)
    return float(np.linalg.norm(ends[0] - ends[1]) / np.linalg.norm(ends[1]))


def speed(config: ModelConfig, count: int, length: int, threads: int, rounds: int) -> float:
    rng = np.random.default_rng(2)
    parameters = config.initial(3)
    first, second = np.zeros_like(parameters), np.zeros_like(parameters)
    tokens = rng.integers(0, config.vocabulary, (count, length))
    weights = np.full((count, length), 1 / (count * length), np.float32)
    trainer = FastTrainer(config, max(length, 1024), threads)
    trainer.run(parameters, tokens, tokens, weights, learn=True)
    best = 1e9
    for i in range(rounds):
        start = time.perf_counter()
        trainer.run(parameters, tokens, tokens, weights, learn=True)
        trainer.update(parameters, first, second, 1e-3, i + 1)
        best = min(best, time.perf_counter() - start)
    trainer.close()
    return count * length / best


if __name__ == "__main__":
    tiny = ModelConfig(layers=2, width=128, heads=4, kv_heads=2, inner=192, vocabulary=256, context=256)
    worst = max(compare(tiny, 3, 192), compare(tiny, 1, 64), compare(SMALL, 2, 256))
    print(f"largest relative error of a gradient: {worst:.4f}")
    apart = compare_steps(tiny, 4)
    print(f"four steps of both optimisers: {apart:.4f} of the change apart")
    for length in (256, 1024, 4096):
        print(f"{length}: {speed(SMALL, max(2, 8192 // length), length, 2, 4):.0f} tokens/s on two threads")
    sys.exit(worst > 0.05 or apart > 0.25)
