"""python3 models/demo/train.py [--tokens N]: trains until the plan's end; started again, it goes on from its checkpoint.

Writes build/demo: train.pid, checkpoint.npz (every few minutes, replaced whole), stage-N.npz (before each longer stage),
log.jsonl (losses, speed, probes). `average` in a checkpoint is a running mean of the parameters: what is exported.
"""
import argparse
import json
import os
import time
from pathlib import Path

import numpy as np

import probes
import tokenizer as tk
from batches import Source
from fast_cpu import FastTrainer
from model_config import SMALL, ModelConfig
from places import BUILD, DATA
from schedule import STAGES, Plan
from synthetic.books import Books

SEED = 20240229
SAVE_SECONDS = 240
PROBE_STEPS = 250
AVERAGE_STEPS, AVERAGE_SHARE = 10, 0.02  # a horizon of about 500 steps


class State:
    def __init__(self, config: ModelConfig) -> None:
        self.config = config
        self.parameters = config.initial(SEED)
        self.first = np.zeros_like(self.parameters)
        self.second = np.zeros_like(self.parameters)
        self.average = self.parameters.copy()
        self.step, self.seen, self.updates = 0, 0, 0
        self.stage, self.stage_start = 0, 0

    def save(self, path: Path) -> None:
        new = path.with_suffix(".new.npz")
        meta = {"step": self.step, "seen": self.seen, "updates": self.updates, "stage": self.stage,
                "stage_start": self.stage_start, "config": self.config.as_dict()}
        np.savez(new, parameters=self.parameters, first=self.first, second=self.second, average=self.average,
                 meta=np.array(json.dumps(meta)))
        os.replace(new, path)

    def load(self, path: Path) -> None:
        with np.load(path) as saved:
            for name in ("parameters", "first", "second", "average"):
                getattr(self, name)[:] = saved[name]
            meta = json.loads(str(saved["meta"]))
        self.step, self.seen, self.updates = meta["step"], meta["seen"], meta["updates"]
        self.stage, self.stage_start = meta["stage"], meta["stage_start"]


def probe(trainer: FastTrainer, state: State, tokenizer: tk.Tokenizer, books: Books, length: int) -> dict[str, float]:
    count = max(4, 6144 // length)
    found = {kind: round(probes.recall_share(trainer, state.average,
                                             probes.samples(tokenizer, books, kind, length, count), length), 3)
             for kind in probes.KINDS}
    found["book_loss"] = round(probes.book_loss(trainer, state.average, books, length), 4)
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tokens", type=float, default=Plan.tokens, help="length of the plan")
    options.add_argument("--threads", type=int, default=os.cpu_count())
    wish = options.parse_args()
    (BUILD / "train.pid").write_text(f"{os.getpid()}\n")
    plan = Plan(tokens=wish.tokens)
    tokenizer = tk.Tokenizer.load(DATA / "tokenizer.json")
    source = Source(tokenizer, Books(DATA, "train", tokenizer), SEED)
    unseen = Books(DATA, "validation", tokenizer)
    state = State(SMALL)
    checkpoint = BUILD / "checkpoint.npz"
    if checkpoint.exists():
        state.load(checkpoint)
    log = (BUILD / "log.jsonl").open("a", buffering=1)
    trainers: dict[int, FastTrainer] = {}

    def trainer_for(length: int) -> FastTrainer:
        rows = 4096 if length > 1024 else 1024
        if rows not in trainers:
            trainers[rows] = FastTrainer(SMALL, rows, wish.threads)
        return trainers[rows]

    recall = 0.0
    saved = time.monotonic()
    losses: list[float] = []
    mark, marked = time.monotonic(), state.seen
    while state.seen < plan.tokens:
        length = plan.length(state.stage, state.step, SEED)
        trainer = trainer_for(length)
        tokens, targets, weights = source.batch(state.step, plan.count(length), length)
        loss, _, _ = trainer.run(state.parameters, tokens, targets, weights, learn=True)
        rate = plan.rate_at(state.seen)
        norm = trainer.update(state.parameters, state.first, state.second, rate, state.updates + 1)
        state.updates += int(np.isfinite(norm))
        state.step += 1
        state.seen += tokens.size
        losses.append(loss)
        if state.step % AVERAGE_STEPS == 0:
            # At the beginning the mean is short, so that it does not carry the random start along.
            share = max(AVERAGE_SHARE, 2.0 / (1 + state.step / AVERAGE_STEPS))
            state.average += np.float32(share) * (state.parameters - state.average)
        if state.step % 20 == 0:
            now = time.monotonic()
            log.write(json.dumps({"step": state.step, "seen": state.seen, "length": length, "loss": round(float(np.mean(losses)), 4),
                                  "rate": round(rate, 6), "norm": round(norm, 3),
                                  "tokens_per_second": round((state.seen - marked) / (now - mark)), "time": round(time.time())}) + "\n")
            losses, mark, marked = [], now, state.seen
        if state.step % PROBE_STEPS == 0:
            longest = max(STAGES[state.stage][1])
            found = probe(trainer_for(longest), state, tokenizer, unseen, longest)
            recall = float(np.mean([found[kind] for kind in probes.KINDS]))
            log.write(json.dumps({"step": state.step, "seen": state.seen, "probe": longest, **found}) + "\n")
            mark, marked = time.monotonic(), state.seen
        if time.monotonic() - saved > SAVE_SECONDS or state.seen >= plan.tokens:
            state.save(checkpoint)
            saved = time.monotonic()
        if plan.over(state.stage, state.seen - state.stage_start, recall):
            state.stage, state.stage_start, recall = state.stage + 1, state.seen, 0.0
            state.save(BUILD / f"stage-{state.stage}.npz")
    log.close()


if __name__ == "__main__":
    main()
