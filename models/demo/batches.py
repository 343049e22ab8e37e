"""Batches of training sequences: natural text and synthetic samples, packed; each follows from (seed, step) alone.

A sequence is BOS once, at position 0, then documents with EOS between them. Natural sequences are windows of the
books. Synthetic ones hold either many short samples or one that fills the sequence, so that distances grow with the
length.
"""
import random

import numpy as np

import tokenizer as tk
from synthetic import conversation, recall
from synthetic.books import Books
from synthetic.script import PLAIN, Script
from synthetic.words import Words

NATURAL = 0.35  # of the sequences; book text inside samples brings its share to about a half
FILLED = 0.7  # of the longer synthetic sequences hold one sample that fills them
NARROWED = 0.5  # of the sequences: two random layers see the first entries and the latest only
# sample, weight when short, weight when it fills the sequence
SAMPLES = [
    (recall.echoed, 6, 1),
    (recall.listed, 5, 4),
    (recall.needles, 3, 10),
    (recall.many_values, 2, 3),
    (recall.chain, 3, 3),
    (recall.hops, 2, 3),
    (recall.repeated, 2, 0),
    (recall.counted, 1, 0),
    (recall.copied, 1.5, 1.5),
    (conversation.conversation, 8, 8),
    (conversation.distant, 4, 11),
]


class Source:
    """Makes batches. Not shared between threads."""

    def __init__(self, tokenizer: tk.Tokenizer, books: Books, seed: int) -> None:
        self.tokenizer, self.books, self.seed = tokenizer, books, seed

    def _natural(self, rng: random.Random, length: int) -> tuple[list[int], list[float]]:
        window = self.books.window(rng, length).tolist()
        return [tk.BOS, *window], [0.0] + [PLAIN] * length

    def _synthetic(self, rng: random.Random, length: int) -> tuple[list[int], list[float]]:
        script = Script(self.tokenizer)
        script.add_ids([tk.BOS], 0.0)
        words = Words(rng)
        whole = length <= 256 or rng.random() < FILLED
        while len(script) < length + 1:
            left = length + 1 - len(script)
            if left < 40 and len(script) > 1:  # the rest of a sequence: book text
                script.add_ids(self.books.window(rng, left).tolist(), PLAIN)
                break
            room = (
                left - 8
                if whole and left > length // 2
                else min(left - 8, int(length * rng.choice((0.1, 0.2, 0.4))), 700)
            )
            room = max(room, 100)
            column = 2 if room > 300 else 1
            make = rng.choices([row[0] for row in SAMPLES], [row[column] for row in SAMPLES])[0]
            make(script, words, self.books, room)
            script.add_ids([tk.EOS], 0.3)
        return script.ids, script.weights

    def narrowed(self, step: int, count: int, layers: int) -> np.ndarray:
        """[count] int32 of layers as bits: so sinks become useful, and no one layer is all of recall."""
        rng = random.Random(f"{self.seed}/{step}/narrowed")
        pairs = [rng.sample(range(layers), 2) if rng.random() < NARROWED else [] for _ in range(count)]
        return np.array([sum(1 << layer for layer in pair) for pair in pairs], np.int32)

    def batch(self, step: int, count: int, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """tokens, targets, weights, each [count, length]; the weights sum to 1."""
        rng = random.Random(f"{self.seed}/{step}")
        rows, weights = [], []
        for _ in range(count):
            make = self._natural if rng.random() < NATURAL else self._synthetic
            ids, counts = make(rng, length)
            rows.append(ids[: length + 1])
            weights.append(counts[1 : length + 1])
        ids = np.array(rows, np.int32)
        scale = np.array(weights, np.float32)
        return ids[:, :-1], ids[:, 1:], scale / scale.sum()
