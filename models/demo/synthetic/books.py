"""Passages of the training books for the synthetic samples: haystacks, stories, things to copy."""
import random
from pathlib import Path

import numpy as np

import tokenizer as tk


class Books:
    def __init__(self, folder: Path, split: str, tokenizer: tk.Tokenizer) -> None:
        self.tokens = np.memmap(folder / f"{split}.u16", np.uint16, "r")
        endings = (".", "!", "?", '."', '!"', '?"')
        texts = [tokenizer.bytes[i].decode(errors="replace").rstrip("\n") for i in range(len(tokenizer))]
        self.closes = np.array([text.endswith(endings) for text in texts])
        self.breaks = np.array([i >= tk.FIRST_BYTE and b"\n\n" in tokenizer.bytes[i] for i in range(len(tokenizer))])

    def window(self, rng: random.Random, length: int) -> np.ndarray:
        start = rng.randrange(len(self.tokens) - length)
        return np.asarray(self.tokens[start : start + length])

    def passage(self, rng: random.Random, length: int) -> list[int]:
        """About `length` tokens that start after a paragraph and end with a sentence; never longer, empty without an
        end."""
        window = self.window(rng, length + 300)
        starts = np.flatnonzero(self.breaks[window[:300]])
        start = int(starts[0]) + 1 if len(starts) else 0
        piece = window[start : start + length]
        piece = piece[piece != tk.EOS]
        ends = np.flatnonzero(self.closes[piece])
        return piece[: int(ends[-1]) + 1].tolist() if len(ends) else []

    def cuts(self, passage: list[int]) -> list[int]:
        """Where a sentence can be put in: indices after a sentence's last token."""
        return [0, *(np.flatnonzero(self.closes[np.array(passage, np.int64)]) + 1).tolist()] if passage else [0]
