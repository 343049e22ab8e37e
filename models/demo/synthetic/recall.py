"""Tasks of exact recall: keys and values, needles in book text, chains, hops, lists, counting and copying.

Each function appends one sample of at most about `room` tokens to a script. Facts are one sentence each; they stand in
a list or between the sentences of a book passage, at any depth. Questions come in the chat's turns or as plain lines.
"""
from collections.abc import Callable
from dataclasses import dataclass

from synthetic.books import Books
from synthetic.script import PLAIN, PROMPT, Script, marked
from synthetic.words import ADJECTIVES, NAMES, NOUNS, PLACES, Words

# fact, question, answer: {k} key, {v} value.
FORMS = [
    ("The code of {k} is {v}.", "What is the code of {k}?", "The code of {k} is {v}."),
    ("The secret word for {k} is {v}.", "What is the secret word for {k}?", "The secret word for {k} is {v}."),
    ("The pass number of {k} is {v}.", "Tell me the pass number of {k}.", "{v}"),
    ("Remember this: {k} means {v}.", "What does {k} mean?", "{k} means {v}."),
    ("{k} was given {v}.", "What was given to {k}?", "{v}"),
    ("One of the special things about {k} is {v}.", "What is the special thing about {k}?", "It is {v}."),
    ("The label on {k} says {v}.", "What does the label on {k} say?", "The label on {k} says {v}."),
    ("Note: {k} = {v}.", "{k} =", "{v}"),
    ("In {k} there is {v}.", "What is in {k}?", "In {k} there is {v}."),
    ("{k} belongs to {v}.", "Who or what does {k} belong to?", "{k} belongs to {v}."),
]
HEADS = [
    "Here is a text with something hidden in it.",
    "Read this carefully.",
    "Remember what you read here.",
    "Some facts are hidden in the text below.",
    "Please read this.",
    "",
]


@dataclass
class Fact:
    text: str
    question: str
    answer: str


def facts(words: Words, count: int, alike: bool = False) -> list[Fact]:
    """Facts of one form with different keys."""
    form = words.rng.choice(FORMS)
    kind = words.rng.random()
    digits = words.rng.choice((3, 4, 5))
    made = []
    for key in words.keys(count, alike):
        value = words.number(digits) if kind < 0.35 else words.made() if kind < 0.6 else words.value()
        made.append(Fact(form[0].format(k=key, v=value), form[1].format(k=key), form[2].format(k=key, v=marked(value))))
    return made


def ask(script: Script, words: Words, pairs: list[tuple[str, str]], chat: bool) -> None:
    """Questions with their answers; `chat`: the text so far is a user turn that is still open."""
    for index, (question, answer) in enumerate(pairs):
        if chat and index == 0:
            script.add(f"\n\n{question}", PROMPT)
            script.close_user()
        elif chat:
            script.user(question)
        else:
            script.add(f"\n{question}", PROMPT)
        if chat:
            script.assistant(answer)
        else:
            script.add(f" {answer}", PLAIN)


def spread(script: Script, words: Words, books: Books, sentences: list[str], room: int, ordered: bool = False) -> None:
    """A passage of about `room` tokens with the sentences between its own; `ordered` keeps their order."""
    passage = books.passage(words.rng, max(16, room))
    cuts = books.cuts(passage)
    chosen = sorted(words.rng.choice(cuts) for _ in sentences)
    order = list(sentences)
    if not ordered:
        words.rng.shuffle(order)
    at = 0
    for cut, sentence in zip(chosen, order):
        script.add_ids(passage[at:cut], PLAIN)
        fresh = cut == 0 or books.breaks[passage[cut - 1]]
        script.add(f"{sentence}\n\n" if fresh else f" {sentence}", PROMPT)
        at = cut
    script.add_ids(passage[at:], PLAIN)


def open_text(script: Script, words: Words, chat: bool) -> None:
    if chat:
        script.open_user()
    head = words.rng.choice(HEADS)
    if head:
        script.add(f"{head}\n\n", PROMPT)


def listed(script: Script, words: Words, books: Books, room: int) -> None:
    """Many facts one after another, many of them asked for: the densest teacher of recall."""
    rng = words.rng
    made = facts(words, max(2, min(60, int(room / rng.choice((28, 36, 48))))), alike=rng.random() < 0.25)
    chat = rng.random() < 0.5
    open_text(script, words, chat)
    script.add(rng.choice((" ", "\n")).join(fact.text for fact in made), PROMPT)
    asked = rng.sample(made, len(made))
    answers: list[tuple[str, str]] = []
    used = len(script)
    for fact in asked:
        used += 26
        if answers and used > room:
            break
        answers.append((fact.question, fact.answer))
    ask(script, words, answers, chat)


def needles(script: Script, words: Words, books: Books, room: int) -> None:
    """One to eight facts in book text."""
    rng = words.rng
    made = facts(words, rng.choice((1, 1, 2, 4, 4, 8)) if room > 400 else rng.choice((1, 2)), alike=rng.random() < 0.4)
    chat = rng.random() < 0.7
    open_text(script, words, chat)
    spread(script, words, books, [fact.text for fact in made], room - 50 * len(made) - 20)
    rng.shuffle(made)
    ask(script, words, [(fact.question, fact.answer) for fact in made], chat)


def many_values(script: Script, words: Words, books: Books, room: int) -> None:
    """One key with several values, in order; all are asked for. Or a value that changes: the last one counts."""
    rng = words.rng
    key, other = words.keys(2)
    values = [words.value() for _ in range(rng.choice((2, 3, 4)))]
    chat = rng.random() < 0.7
    open_text(script, words, chat)
    updated = rng.random() < 0.5
    if updated:
        sentences = [f"The code of {key} is {values[0]}."] + [
            rng.choice(
                (
                    "Now the code of {k} is {v}.",
                    "The code of {k} was changed to {v}.",
                    "From now on the code of {k} is {v}.",
                )
            ).format(k=key, v=value)
            for value in values[1:]
        ]
        pairs = [(f"What is the code of {key} now?", f"The code of {key} is now {marked(values[-1])}.")]
        if rng.random() < 0.5:
            pairs.append((f"What was the first code of {key}?", f"The first code of {key} was {marked(values[0])}."))
    else:
        sentences = [f"One of the codes of {key} is {value}." for value in values]
        pairs = [(f"What are the codes of {key}?", "They are " + ", ".join(map(marked, values)) + ".")]
    place = rng.randrange(len(sentences) + 1)
    sentences.insert(place, f"The code of {other} is {words.value()}.")
    spread(script, words, books, sentences, room - 40 * len(sentences) - 40, ordered=True)
    ask(script, words, pairs, chat)


def chain(script: Script, words: Words, books: Books, room: int) -> None:
    """Variables handed on: x = 5, y = x, z = y; what is z? With a second chain beside it."""
    rng = words.rng
    length = rng.choice((2, 2, 3, 4, 5))
    rows: list[list[str]] = []
    pairs: list[tuple[str, str]] = []
    names = words.some(NAMES, 12) if rng.random() < 0.4 else [words.made(2) for _ in range(12)]
    form = rng.choice(("{a} = {b}.", "{a} has the same number as {b}.", "Let {a} be {b}."))
    for index in range(rng.choice((1, 2))):
        value = words.number(rng.choice((2, 3, 4)))
        own = names[index * 6 : index * 6 + length]
        rows.append([form.format(a=own[0], b=value) if "same" not in form else f"{own[0]} has the number {value}."])
        rows[-1] += [form.format(a=after, b=before) for before, after in zip(own, own[1:])]
        question = f"What is {own[-1]}?" if "same" not in form else f"What is the number of {own[-1]}?"
        pairs.append((question, f"{marked(value)}"))
        if rng.random() < 0.5:  # the way there, spelled out
            steps = " = ".join(marked(name) for name in reversed(own))
            pairs[-1] = (question + " Show the steps.", f"{steps} = {marked(value)}")
    merged: list[str] = []
    while any(rows):
        merged.append(rng.choice([row for row in rows if row]).pop(0))
    chat = rng.random() < 0.6
    open_text(script, words, chat)
    if rng.random() < 0.35 or room < 250:
        script.add(" ".join(merged), PROMPT)
    else:
        spread(script, words, books, merged, room - 20 * len(merged) - 60, ordered=True)
    rng.shuffle(pairs)
    ask(script, words, pairs, chat)


def hops(script: Script, words: Words, books: Books, room: int) -> None:
    """Two facts must be joined: who lives where, and what is there."""
    rng = words.rng
    count = rng.choice((2, 3, 4))
    people, places = words.some(NAMES, count), words.some(PLACES, count)
    things = [f"{words.one(ADJECTIVES)} {noun}" for noun in words.some(NOUNS, count)]
    count = min(count, len(people), len(places), len(things))
    where = [f"{person} is in the {place}." for person, place in zip(people, places)]
    what = [f"The {thing} is in the {place}." for thing, place in zip(things, places)]
    chat = rng.random() < 0.7
    open_text(script, words, chat)
    sentences = rng.sample(where[:count] + what[:count], 2 * count)
    if rng.random() < 0.4 or room < 300:
        script.add(" ".join(sentences), PROMPT)
    else:
        spread(script, words, books, sentences, room - 18 * len(sentences) - 60)
    pairs: list[tuple[str, str]] = []
    for i in rng.sample(range(count), min(count, 3)):
        kind = rng.random()
        if kind < 0.4:
            pairs.append((f"What is near {people[i]}?", f"The {marked(things[i])}."))
        elif kind < 0.7:
            pairs.append((f"Who is near the {things[i]}?", f"{marked(people[i])}."))
        else:
            pairs.append(
                (
                    f"Where is {people[i]} and what is there?",
                    f"{people[i]} is in the {marked(places[i])}. The {marked(things[i])} is there.",
                )
            )
    ask(script, words, pairs, chat)


def repeated(script: Script, words: Words, books: Books, room: int) -> None:
    """A list of words to repeat, to repeat backwards, or of which one is asked for by its neighbour."""
    rng = words.rng
    draw: Callable[[], str] = rng.choice((words.made, lambda: words.one(NOUNS), lambda: words.number(2), words.name))
    items = [draw() for _ in range(rng.randrange(3, max(4, min(20, room // 12))))]
    text = rng.choice((", ", " ")).join(items)
    kind = rng.random()
    if kind < 0.6:
        script.user(
            rng.choice(("Repeat after me: {t}", "Say this list: {t}", "Please repeat: {t}", "Copy this: {t}")).format(
                t=text
            )
        )
        script.assistant(" ".join(marked(part) for part in text.split(" ")))
    elif kind < 0.75 and len(items) <= 8:
        script.user(f"Say this list backwards: {text}")
        script.assistant(" ".join(marked(item) for item in reversed(items)))
    else:
        script.user(f"Here is a list: {text}. What comes first, and what comes last?")
        script.assistant(f"First comes {marked(items[0])}, last comes {marked(items[-1])}.")


def counted(script: Script, words: Words, books: Books, room: int) -> None:
    rng = words.rng
    if rng.random() < 0.5:
        start = rng.randrange(0, 90)
        stop = start + rng.randrange(2, 12)
        script.user(f"Count from {start} to {stop}.")
        script.assistant(" ".join(marked(str(i)) for i in range(start, stop + 1)))
        return
    kinds = words.some(NOUNS, 3)
    items = [rng.choice(kinds) for _ in range(rng.randrange(3, 13))]
    what = rng.choice(kinds)
    script.user(f"{' '.join(items)}\n\nHow many times does {what} stand there?")
    script.assistant(f"{marked(str(items.count(what)))} times.")


def copied(script: Script, words: Words, books: Books, room: int) -> None:
    """A passage, other text, and the passage again."""
    rng = words.rng
    length = rng.randrange(20, max(24, min(120, room // 3)))
    passage = books.passage(rng, length)
    between = rng.randrange(0, max(1, room - 2 * length - 60))
    if not passage:
        return
    script.open_user()
    script.add("Learn this:\n\n", PROMPT)
    script.add_ids(passage, PLAIN)
    if between > 60:
        script.close_user()
        script.assistant(rng.choice(("I have learnt it.", "All right.", "Done.")))
        script.user(rng.choice(("Now tell me something else.", "Tell me a story.", "Now read to me.")))
        script.assistant_ids(books.passage(rng, between))
        script.open_user()
        script.add("What did you learn before?", PROMPT)
    else:
        script.add("\n\nSay it again.", PROMPT)
    script.close_user()
    script.assistant_ids(passage)
    script.weights[-1 - len(passage) : -1] = [2.0] * len(passage)


def echoed(script: Script, words: Words, books: Books, room: int) -> None:
    """Rounds of the same items: whole lists in order, or pairs in a new order each round. Nearly every token of the
    later rounds follows from the first one, so copying is learnt from this before anything else."""
    rng = words.rng
    draw: Callable[[], str] = rng.choice((words.made, lambda: words.one(NOUNS), words.number, words.name, words.value))
    rounds = 1 + rng.choice((1, 1, 2, 3, 4))
    if rng.random() < 0.4:
        items = [draw() for _ in range(rng.randrange(4, max(5, min(16, room // 14))))]
        gap, close = rng.choice(((" ", "\n"), (", ", ".\n"), (" ", ". ")))
        lines = [gap.join(items)] + [gap.join([items[0], *map(marked, items[1:])])] * (rounds - 1)
    else:
        keys = words.keys(rng.randrange(3, max(4, min(14, room // 26))), alike=rng.random() < 0.15)
        rows = [(key, draw()) for key in keys]
        middle = rng.choice((" =", ":", " is", " has", " ->"))
        close = rng.choice(("\n", "; ", ". "))
        lines = [close.join(f"{key}{middle} {value}" for key, value in rows)]
        for _ in range(rounds - 1):
            rng.shuffle(rows)
            lines.append(close.join(f"{key}{middle} {marked(value)}" for key, value in rows))
    room_for = max(2, int(room / (1 + len(script.tokenizer.encode(lines[0] + close)))))
    script.add(close.join(lines[:room_for]), PROMPT)
