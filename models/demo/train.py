"""python3 models/demo/train.py [--tokens N]: trains until the plan's end; started again, it goes on from its
checkpoint (an ordinary kill saves first). With an accelerator: --device cuda --large (a vocabulary of 8,192:
prepare.py --vocabulary 8192).

Writes build/demo: train.pid, checkpoint.npz (every few minutes, replaced whole), stage-N.npz (before each longer
stage), log.jsonl (losses, speed, probes). `average` in a checkpoint is a running mean of the parameters: what is
exported.
"""
import argparse
import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import places
import probes
import tokenizer as tk
from batches import Source
from fast_cpu import FastTrainer
from model_config import LARGE, SMALL, ModelConfig
from places import BUILD, DATA
from schedule import LARGE_PLAN, STAGES, Plan
from synthetic.books import Books

SEED = 20240229
SAVE_SECONDS = 240
PROBE_STEPS = 250
AVERAGE_STEPS, AVERAGE_SHARE = 10, 0.02  # a horizon of about 500 steps


class State:
    """The arrays lie where the trainer wants them (`place`): numpy, or tensors of an accelerator."""

    NAMES = ("parameters", "first", "second", "average")

    def __init__(self, config: ModelConfig, place: Callable[[np.ndarray], Any]) -> None:
        self.config, self.place = config, place
        self.parameters, self.average = (place(config.initial(SEED)) for _ in range(2))
        self.first, self.second = (place(np.zeros(config.size(), np.float32)) for _ in range(2))
        self.step, self.seen, self.updates = 0, 0, 0
        self.stage, self.stage_start = 0, 0

    def save(self, path: Path) -> None:
        new = path.with_suffix(".new.npz")
        meta = {
            "step": self.step,
            "seen": self.seen,
            "updates": self.updates,
            "stage": self.stage,
            "stage_start": self.stage_start,
            "config": self.config.as_dict(),
        }
        arrays = {
            name: np.asarray(getattr(self, name).cpu() if hasattr(getattr(self, name), "cpu") else getattr(self, name))
            for name in self.NAMES
        }
        np.savez(new, **arrays, meta=np.array(json.dumps(meta)))
        os.replace(new, path)

    def load(self, path: Path) -> None:
        with np.load(path) as saved:
            for name in self.NAMES:
                setattr(self, name, self.place(saved[name]))
            meta = json.loads(str(saved["meta"]))
        self.step, self.seen, self.updates = meta["step"], meta["seen"], meta["updates"]
        self.stage, self.stage_start = meta["stage"], meta["stage_start"]


def probe(trainer: Any, state: State, tokenizer: tk.Tokenizer, books: Books, length: int) -> dict[str, float]:
    count = max(4, 6144 // length)
    found = {
        kind: round(
            probes.recall_share(trainer, state.average, probes.samples(tokenizer, books, kind, length, count), length),
            3,
        )
        for kind in probes.KINDS
    }
    found["book_loss"] = round(probes.book_loss(trainer, state.average, books, length), 4)
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tokens", type=float, help="length of the plan")
    options.add_argument("--device", help="a device of PyTorch's instead of the hand-written step for CPU cores")
    options.add_argument("--large", action="store_true", help="the model and the plan for an accelerator")
    options.add_argument("--threads", type=int, default=os.cpu_count())
    wish = options.parse_args()
    vocabulary = places.vocabulary()
    (BUILD / "train.pid").write_text(f"{os.getpid()}\n")
    config, plan = (LARGE, LARGE_PLAN) if wish.large else (SMALL, Plan())
    plan = replace(plan, tokens=wish.tokens or plan.tokens)
    tokenizer = tk.Tokenizer.load(vocabulary)
    source = Source(tokenizer, Books(DATA, "train", tokenizer), SEED)
    unseen = Books(DATA, "validation", tokenizer)
    trainers: dict[int, Any] = {}

    def trainer_for(length: int) -> Any:
        rows = 4096 if length > 1024 else 1024
        if wish.device:
            from torch_trainer import TorchTrainer  # PyTorch is needed for this only

            rows = 65536
        if rows not in trainers:
            trainers[rows] = (
                TorchTrainer(config, rows, wish.device) if wish.device else FastTrainer(config, rows, wish.threads)
            )
        return trainers[rows]

    state = State(config, trainer_for(256).place)
    checkpoint = BUILD / "checkpoint.npz"
    if checkpoint.exists():
        state.load(checkpoint)
    log = (BUILD / "log.jsonl").open("a", buffering=1)
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: stopped.append(number))
    recall = 0.0
    saved = time.monotonic()
    losses: list[float] = []
    mark, marked = time.monotonic(), state.seen
    while state.seen < plan.tokens and not stopped:
        length = plan.length(state.stage, state.step, SEED)
        trainer = trainer_for(length)
        tokens, targets, weights = source.batch(state.step, plan.count(length), length)
        narrowed = source.narrowed(state.step, plan.count(length), config.layers)
        loss, _, _ = trainer.run(state.parameters, tokens, targets, weights, learn=True, narrowed=narrowed)
        rate = plan.rate_at(state.seen)
        norm = trainer.update(state.parameters, state.first, state.second, rate, state.updates + 1)
        state.updates += int(np.isfinite(norm))
        state.step += 1
        state.seen += tokens.size
        losses.append(loss)
        if state.step % AVERAGE_STEPS == 0:
            # At the beginning the mean is short, so that it does not carry the random start along.
            share = max(AVERAGE_SHARE, 2.0 / (1 + state.step / AVERAGE_STEPS))
            state.average += share * (state.parameters - state.average)
        if state.step % 20 == 0:
            now = time.monotonic()
            log.write(
                json.dumps(
                    {
                        "step": state.step,
                        "seen": state.seen,
                        "length": length,
                        "loss": round(float(np.mean(losses)), 4),
                        "rate": round(rate, 6),
                        "norm": round(norm, 3),
                        "tokens_per_second": round((state.seen - marked) / (now - mark)),
                        "time": round(time.time()),
                    }
                )
                + "\n"
            )
            losses, mark, marked = [], now, state.seen
        if state.step % PROBE_STEPS == 0:
            longest = max(STAGES[state.stage][1])
            found = probe(trainer_for(longest), state, tokenizer, unseen, longest)
            recall = float(np.mean([found[kind] for kind in probes.KINDS]))
            log.write(json.dumps({"step": state.step, "seen": state.seen, "probe": longest, **found}) + "\n")
            mark, marked = time.monotonic(), state.seen
        if time.monotonic() - saved > SAVE_SECONDS or state.seen >= plan.tokens or stopped:
            state.save(checkpoint)
            saved = time.monotonic()
        if plan.over(state.stage, state.seen - state.stage_start, recall):
            state.stage, state.stage_start, recall = state.stage + 1, state.seen, 0.0
            state.save(BUILD / f"stage-{state.stage}.npz")
    log.close()


if __name__ == "__main__":
    main()
