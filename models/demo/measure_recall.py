"""Recall measured the way a user meets it: prompts through Brim, greedy answers, string match. Part of evaluate.py.

Words, names and numbers are drawn from the held-out share; the book text comes from a split that was not trained on.
"""
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import places
import tokenizer as tk
from synthetic import conversation, recall
from synthetic.books import Books
from synthetic.profile import ATTRIBUTES, NAME
from synthetic.script import Script, marked, plain
from synthetic.words import Words

Case = tuple[list[int], str]  # prompt ids and the text that the answer must contain


def answers(model: Path, cases: list[Case], tokenizer: tk.Tokenizer, extra: list[str]) -> list[str]:
    """Greedy answers of up to 24 tokens."""
    found = []
    for ids, _ in cases:
        done = subprocess.run(
            [
                places.brim(),
                "run",
                "-m",
                str(model),
                "--prompt-ids",
                ",".join(map(str, ids)),
                "-n",
                "24",
                "--temperature",
                "0",
                "--print-ids",
                *extra,
            ],
            check=True,
            capture_output=True,
            text=True,
        )
        found.append(tokenizer.decode(int(i) for i in done.stdout.replace(",", " ").split() if i.isdigit()))
    return found


def _draw(seed: str, make: Callable[[Words], Case | None], count: int) -> list[Case]:
    cases: list[Case] = []
    trial = 0
    while len(cases) < count:
        case = make(Words(random.Random(f"{seed}/{trial}"), evaluation=True))
        trial += 1
        if case is not None:
            cases.append(case)
    return cases


def needle_cases(tokenizer: tk.Tokenizer, books: Books, keys: int, length: int, count: int) -> list[Case]:
    """`keys` facts in about `length` tokens of book text, as one user turn; one of them is asked for."""

    def make(words: Words) -> Case:
        script = Script(tokenizer)
        script.add_ids([tk.BOS], 0.0)
        made = recall.facts(words, keys)
        recall.open_text(script, words, chat=True)
        recall.spread(script, words, books, [fact.text for fact in made], length - 30 * keys)
        script.add(f"\n\n{made[0].question}", 0.0)
        script.close_user()
        script.add_ids([tk.ASSISTANT], 0.0)
        value = made[0].answer.split("⟨")[1].split("⟩")[0]
        return script.ids, value

    return _draw(f"needle/{keys}/{length}", make, count)


def chat_cases(tokenizer: tk.Tokenizer, books: Books, distance: int, count: int, stories: float = 0.4) -> list[Case]:
    """A fact stated in the first turn and asked for after `distance` tokens of other talk."""

    def make(words: Words) -> Case:
        rng = words.rng
        script = Script(tokenizer)
        script.add_ids([tk.BOS], 0.0)
        talk = conversation.Conversation(script, words, books)
        attribute = NAME if rng.random() < 0.4 else rng.choice(ATTRIBUTES)
        value = attribute.draw(words)
        talk.say(
            talk.capital(rng.choice(attribute.statements).format(v=value)),
            talk.capital(rng.choice(attribute.acknowledgements).format(v=marked(value))),
        )
        start = len(script)
        while len(script) - start < distance:
            if rng.random() < stories:
                talk.story(400)
            else:
                talk.chat()
        script.user(rng.choice(attribute.questions))
        script.add_ids([tk.ASSISTANT], 0.0)
        return script.ids, value

    return _draw(f"chat/{distance}", make, count)


def turn_cases(tokenizer: tk.Tokenizer, books: Books, turns: int, count: int) -> list[Case]:
    """A name stated at the start and asked for after that many turns of small talk."""

    def make(words: Words) -> Case | None:
        script = Script(tokenizer)
        script.add_ids([tk.BOS], 0.0)
        talk = conversation.Conversation(script, words, books)
        name = NAME.draw(words)
        talk.say(
            words.rng.choice(NAME.statements).format(v=name),
            words.rng.choice(NAME.acknowledgements).format(v=marked(name)),
        )
        for _ in range(turns):
            talk.chat()
        script.user(words.rng.choice(NAME.questions))
        script.add_ids([tk.ASSISTANT], 0.0)
        return (script.ids, name) if len(script) < 4000 else None

    return _draw(f"turns/{turns}", make, count)


def share(model: Path, cases: list[Case], tokenizer: tk.Tokenizer, extra: list[str]) -> float:
    right = [
        plain(value).lower() in answer.lower()
        for (_, value), answer in zip(cases, answers(model, cases, tokenizer, extra))
    ]
    return sum(right) / len(right)
