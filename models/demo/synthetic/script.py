"""A sample under construction: token ids and how much each counts in the loss.

A template marks what must be remembered with ⟨…⟩; those tokens count four times. The tokenizer cuts at the marks only
where it would cut anyway (before the space that leads a word), so the ids are those of the plain text.
"""
import re

import tokenizer as tk

PROMPT, PLAIN, ANSWER = 0.3, 1.0, 4.0
_MARK = re.compile(r"( ?⟨.*?⟩)")


def marked(value: str) -> str:
    return f"⟨{value}⟩"


def plain(text: str) -> str:
    return text.replace("⟨", "").replace("⟩", "")


class Script:
    """Grows at its end. `weights[i]` is what predicting ids[i] counts."""

    def __init__(self, tokenizer: tk.Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.ids: list[int] = []
        self.weights: list[float] = []

    def __len__(self) -> int:
        return len(self.ids)

    def add_ids(self, ids: list[int], weight: float) -> None:
        self.ids += ids
        self.weights += [weight] * len(ids)

    def add(self, text: str, weight: float) -> None:
        for part in _MARK.split(text):
            if part:
                hot = "⟨" in part
                self.add_ids(self.tokenizer.encode(plain(part)), max(weight, ANSWER) if hot else weight)

    def system(self, text: str) -> None:
        self._turn(tk.SYSTEM, text, PROMPT, PROMPT)

    def user(self, text: str) -> None:
        self._turn(tk.USER, plain(text), PROMPT, PROMPT)

    def assistant(self, text: str) -> None:
        self._turn(tk.ASSISTANT, text, PLAIN, 2.0)

    def open_user(self) -> None:
        self.add_ids([tk.USER], PROMPT)

    def close_user(self) -> None:
        self.add_ids([tk.END], PROMPT)

    def assistant_ids(self, ids: list[int]) -> None:
        self.add_ids([tk.ASSISTANT], 0.0)
        self.add_ids(ids, PLAIN)
        self.add_ids([tk.END], PLAIN)

    def _turn(self, role: int, text: str, weight: float, end: float) -> None:
        self.add_ids([role], 0.0 if role == tk.ASSISTANT else PROMPT)
        self.add(text, weight)
        self.add_ids([tk.END], end)
