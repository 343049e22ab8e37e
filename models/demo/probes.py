"""Small examinations during training: exact recall by kind with held-out words, and the loss on unseen books.

Samples come from the validation books and from words that training never sees. An answer counts when each of its
tokens is the most likely one (given the right ones before it).
"""
import random

import numpy as np

import tokenizer as tk
from fast_cpu import FastTrainer
from synthetic import conversation, recall
from synthetic.books import Books
from synthetic.script import ANSWER, Script
from synthetic.words import Words

KINDS = {
    "echoed": recall.echoed,
    "listed": recall.listed,
    "needles": recall.needles,
    "values": recall.many_values,
    "chain": recall.chain,
    "hops": recall.hops,
    "chat": conversation.conversation,
    "distant": conversation.distant,
}


def spans(weights: list[float]) -> list[tuple[int, int]]:
    """[start, end) of each run of answer tokens."""
    found, start = [], None
    for i, weight in enumerate([*weights, 0.0]):
        if weight == ANSWER and start is None:
            start = i
        elif weight != ANSWER and start is not None:
            found.append((start, i))
            start = None
    return found


def samples(tokenizer: tk.Tokenizer, books: Books, kind: str, length: int, count: int) -> list[Script]:
    """Scripts of at most length + 1 tokens, BOS first."""
    made: list[Script] = []
    seed = 0
    while len(made) < count:
        script = Script(tokenizer)
        script.add_ids([tk.BOS], 0.0)
        KINDS[kind](script, Words(random.Random(f"probe/{kind}/{length}/{seed}"), evaluation=True), books, length - 10)
        seed += 1
        if len(script) <= length + 1 and spans(script.weights):
            made.append(script)
    return made


def run_rows(
    trainer: FastTrainer, parameters: np.ndarray, rows: list[list[int]], length: int
) -> tuple[np.ndarray, np.ndarray]:
    """Losses and most likely next tokens of rows, padded with EOS to `length`."""
    ids = np.full((len(rows), length + 1), tk.EOS, np.int32)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row[: length + 1]
    _, losses, best = trainer.run(
        parameters, ids[:, :-1], ids[:, 1:], np.ones((len(rows), length), np.float32), learn=False, details=True
    )
    assert losses is not None and best is not None
    return losses, best


def recall_share(trainer: FastTrainer, parameters: np.ndarray, made: list[Script], length: int) -> float:
    _, best = run_rows(trainer, parameters, [script.ids for script in made], length)
    right = [
        all(best[i, at - 1] == script.ids[at] for at in range(start, end))
        for i, script in enumerate(made)
        for start, end in spans(script.weights)
    ]
    return float(np.mean(right))


def book_loss(trainer: FastTrainer, parameters: np.ndarray, books: Books, length: int, tokens: int = 16384) -> float:
    rng = random.Random("probe/books")
    rows = [[tk.BOS, *books.window(rng, length).tolist()] for _ in range(max(2, tokens // length))]
    losses, _ = run_rows(trainer, parameters, rows, length)
    return float(losses.mean())
