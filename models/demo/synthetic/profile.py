"""What users say about themselves in the conversations, how they ask for it later, and how it is answered.

{v} is the value. `update` states a new value that replaces the first.
"""
from collections.abc import Callable
from dataclasses import dataclass

from synthetic import words as lists
from synthetic.words import Words


@dataclass(frozen=True)
class Attribute:
    noun: str
    draw: Callable[[Words], str]
    statements: tuple[str, ...]
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    acknowledgements: tuple[str, ...]
    updates: tuple[str, ...]


def _name(words: Words) -> str:
    return words.name()


def _listed(items: list[str]) -> Callable[[Words], str]:
    return lambda words: words.one(items)


def _city(words: Words) -> str:
    return words.one(lists.CITIES) if words.rng.random() < 0.6 else words.made().capitalize()


def _age(words: Words) -> str:
    return str(words.rng.randrange(6, 95))


def _number(words: Words) -> str:
    return words.number(words.rng.choice((2, 3, 4)))


def _relative(person: str) -> Attribute:
    return Attribute(
        f"{person}'s name",
        _name,
        (
            f"My {person} is called {{v}}.",
            f"My {person}'s name is {{v}}.",
            f"I have a {person}. The name is {{v}}.",
            f"{{v}} is my {person}.",
        ),
        (
            f"What is my {person}'s name?",
            f"What is my {person} called?",
            f"How is my {person} called?",
            f"Do you remember my {person}'s name?",
            f"what is the name of my {person}?",
        ),
        (f"Your {person} is called {{v}}.", f"Your {person}'s name is {{v}}.", "{v}."),
        (f"{{v}} is a nice name for a {person}.", f"I will remember your {person} {{v}}.", "Say hello to {v} from me."),
        (f"I was wrong, my {person} is called {{v}}.", f"My {person} has a new name, {{v}}."),
    )


def _animal(kind: str) -> Attribute:
    return Attribute(
        f"{kind}'s name",
        _name,
        (
            f"I have a {kind} called {{v}}.",
            f"My {kind} is called {{v}}.",
            f"My {kind}'s name is {{v}}.",
            f"I have a {kind}. It is called {{v}}.",
            f"{{v}} is my {kind}.",
        ),
        (
            f"What is my {kind} called?",
            f"What is my {kind}'s name?",
            f"What is the name of my {kind}?",
            f"Do you know my {kind}'s name?",
        ),
        (f"Your {kind} is called {{v}}.", f"Your {kind}'s name is {{v}}.", "It is called {v}."),
        (f"{{v}} is a good name for a {kind}.", "I would like to meet {v}.", f"A {kind}! I will remember {{v}}."),
        (f"I gave my {kind} a new name: {{v}}.", f"My {kind} is now called {{v}}."),
    )


def _liked(noun: str, draw: Callable[[Words], str]) -> Attribute:
    return Attribute(
        f"favourite {noun}",
        draw,
        (
            f"My favourite {noun} is {{v}}.",
            f"{{v}} is my favourite {noun}.",
            f"The {noun} I like best is {{v}}.",
            f"I like {{v}} more than any other {noun}.",
        ),
        (
            f"What is my favourite {noun}?",
            f"Which {noun} do I like best?",
            f"Do you remember my favourite {noun}?",
            f"what's my favourite {noun}?",
        ),
        (f"Your favourite {noun} is {{v}}.", f"The {noun} you like best is {{v}}.", "It is {v}."),
        ("I like {v} too.", f"{{v}} is a good {noun}.", "Good choice!", "I will remember that."),
        (
            f"I changed my mind. My favourite {noun} is now {{v}}.",
            f"Now I like {{v}} best. It is my new favourite {noun}.",
        ),
    )


NAME = Attribute(
    "name",
    _name,
    (
        "My name is {v}.",
        "I am {v}.",
        "I'm {v}.",
        "Call me {v}.",
        "Hello, my name is {v}.",
        "Hi, I am {v}.",
        "my name is {v}",
        "You can call me {v}.",
        "Hi! My name is {v}.",
        "People call me {v}.",
    ),
    (
        "What is my name?",
        "What's my name?",
        "Do you remember my name?",
        "Who am I?",
        "what is my name",
        "How am I called?",
        "Do you know my name?",
        "Can you tell me my name?",
        "Say my name.",
    ),
    ("Your name is {v}.", "You are {v}.", "Your name is {v}, of course.", "You told me that your name is {v}."),
    (
        "Nice to meet you, {v}.",
        "Hello, {v}!",
        "Hello {v}, I am pleased to meet you.",
        "What a nice name, {v}!",
        "I will remember that, {v}.",
    ),
    ("I changed my name. It is {v} now.", "Please call me {v} from now on.", "Actually, my name is {v}."),
)

ATTRIBUTES = [
    Attribute(
        "city",
        _city,
        ("I live in {v}.", "I am from {v}.", "My home is in {v}.", "I live in a town called {v}.", "i live in {v}"),
        (
            "Where do I live?",
            "Which city do I live in?",
            "Do you remember where I live?",
            "Where is my home?",
            "What town am I from?",
        ),
        ("You live in {v}.", "Your home is in {v}.", "In {v}."),
        ("{v} must be a nice place.", "I have read about {v}.", "How is life in {v}?", "I will remember that."),
        ("I moved. Now I live in {v}.", "I do not live there any more. I moved to {v}.", "I live in {v} now."),
    ),
    Attribute(
        "job",
        _listed(lists.JOBS),
        ("I work as a {v}.", "I am a {v}.", "My job is {v}.", "I earn my money as a {v}."),
        ("What is my job?", "What do I work as?", "What do I do for a living?", "Do you remember my job?"),
        ("You work as a {v}.", "You are a {v}.", "Your job is {v}."),
        ("Being a {v} is a fine job.", "A {v}! That is good work.", "I will remember that."),
        ("I have a new job. I am a {v} now.", "Now I work as a {v}."),
    ),
    Attribute(
        "age",
        _age,
        ("I am {v} years old.", "My age is {v}.", "I turned {v} this year."),
        ("How old am I?", "What is my age?", "Do you remember how old I am?"),
        ("You are {v} years old.", "Your age is {v}."),
        ("{v} is a good age.", "I will remember that.", "I see."),
        ("It was my birthday. I am {v} now.", "I made a mistake, I am {v} years old."),
    ),
    Attribute(
        "lucky number",
        _number,
        ("My lucky number is {v}.", "The number that brings me luck is {v}."),
        ("What is my lucky number?", "Which number brings me luck?"),
        ("Your lucky number is {v}.", "It is {v}."),
        ("I will remember {v}.", "A good number!"),
        ("My lucky number is {v} now.",),
    ),
    Attribute(
        "door code",
        _number,
        ("The code of my door is {v}.", "My door code is {v}.", "Please remember my door code: {v}."),
        ("What is my door code?", "What is the code of my door?", "Tell me my door code."),
        ("Your door code is {v}.", "The code of your door is {v}."),
        ("I will remember it.", "I have noted {v}."),
        ("The code of my door changed to {v}.", "My new door code is {v}."),
    ),
    Attribute(
        "hobby",
        _listed(lists.HOBBIES),
        ("My hobby is {v}.", "I like {v} very much.", "In my free time I love {v}.", "I enjoy {v}."),
        ("What is my hobby?", "What do I like to do?", "What do I enjoy?"),
        ("Your hobby is {v}.", "You enjoy {v}.", "You like {v}."),
        ("{v} is fun.", "I have read about {v}.", "How nice!"),
        ("My new hobby is {v}.",),
    ),
    Attribute(
        "instrument",
        _listed(lists.INSTRUMENTS),
        ("I play the {v}.", "I am learning the {v}.", "My instrument is the {v}."),
        ("Which instrument do I play?", "What is my instrument?", "What instrument do I play?"),
        ("You play the {v}.", "Your instrument is the {v}."),
        ("The {v} sounds lovely.", "How nice!"),
        ("Now I play the {v}.",),
    ),
    Attribute(
        "birthday",
        _listed(lists.MONTHS),
        ("My birthday is in {v}.", "I was born in {v}."),
        ("When is my birthday?", "In which month was I born?", "What month is my birthday in?"),
        ("Your birthday is in {v}.", "You were born in {v}."),
        ("I will remember {v}.", "{v} is a good month."),
        ("I was wrong. My birthday is in {v}.",),
    ),
    Attribute(
        "word",
        lambda words: words.made(),
        ("My secret word is {v}.", "Remember the word {v}.", "The password is {v}.", "Please remember this word: {v}"),
        (
            "What is my secret word?",
            "Which word did I tell you?",
            "What is the password?",
            "What word should you remember?",
        ),
        ("The word is {v}.", "It is {v}.", "You told me {v}."),
        ("I will remember {v}.", "I have noted it."),
        ("The new secret word is {v}.", "The password is now {v}."),
    ),
    *[
        _relative(person)
        for person in (
            "brother",
            "sister",
            "mother",
            "father",
            "friend",
            "teacher",
            "neighbour",
            "daughter",
            "son",
            "wife",
            "husband",
            "boss",
        )
    ],
    *[_animal(kind) for kind in lists.ANIMALS],
    _liked("colour", _listed(lists.COLOURS)),
    _liked("food", _listed(lists.FOODS)),
    _liked("drink", _listed(lists.DRINKS)),
    _liked("animal", _listed(lists.ANIMALS)),
    _liked("month", _listed(lists.MONTHS)),
    _liked("city", _city),
    _liked("thing", _listed(lists.NOUNS)),
    _liked("number", _number),
]

UNKNOWN = [
    "⟨I do not know⟩ your {n}. You have not told me.",
    "⟨You have not told me⟩ your {n} yet.",
    "⟨I am sorry, I do not know⟩ your {n}.",
    "⟨I do not know. You did not tell me⟩ your {n}.",
]
