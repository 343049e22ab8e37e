"""Conversations in the chat template: small talk, facts told and asked for later, updates, ignorance, stories between.

A conversation is a loop of turns of which each kind is drawn anew; what the user told so far is kept, so every
question has one right answer. `room` bounds its length in tokens; facts may be asked for at any later time.
"""
from synthetic import small_talk as talk
from synthetic import recall
from synthetic import words as lists
from synthetic.books import Books
from synthetic.profile import ATTRIBUTES, NAME, UNKNOWN, Attribute
from synthetic.script import Script, marked, plain
from synthetic.words import Words

KNOWN = talk.known_facts()
SYSTEMS = [
    "You are {n}, a tiny demo model.",
    "You are {n}.",
    "You are a helpful assistant called {n}.",
    "Your name is {n}. Answer briefly.",
    "You are {n}, a small language model. Be kind.",
]


class Conversation:
    def __init__(self, script: Script, words: Words, books: Books) -> None:
        self.script, self.words, self.books = script, words, books
        self.rng = words.rng
        self.told: dict[str, tuple[Attribute, str]] = {}
        self.before: dict[str, str] = {}
        self.own_name = "Brim"
        self.last_said = ""
        self.first_said = ""

    def say(self, user: str, assistant: str) -> None:
        self.script.user(user)
        self.script.assistant(assistant)
        self.last_said = user
        self.first_said = self.first_said or user

    def system(self) -> None:
        rng = self.rng
        if rng.random() < 0.65:
            return
        if rng.random() < 0.4:
            self.own_name = self.words.name()
        text = rng.choice(SYSTEMS).format(n=self.own_name)
        if rng.random() < 0.3:
            name = NAME.draw(self.words)
            self.told["name"] = (NAME, name)
            text += rng.choice((" The user is called {v}.", " The name of the user is {v}.")).format(v=name)
        self.script.system(text)

    def capital(self, text: str) -> str:
        head = text.lstrip("⟨")[:1]
        return text.replace(head, head.upper(), 1) if head else text

    def tell(self, attribute: Attribute | None = None) -> None:
        """The user states one fact, or two at once; or changes one."""
        rng = self.rng
        attribute = attribute or (NAME if "name" not in self.told and rng.random() < 0.4 else rng.choice(ATTRIBUTES))
        value = attribute.draw(self.words)
        if attribute.noun in self.told:
            self.before[attribute.noun] = self.told[attribute.noun][1]
            text = rng.choice(attribute.updates)
        else:
            text = rng.choice(attribute.statements)
        self.told[attribute.noun] = (attribute, value)
        text = self.capital(text.format(v=value))
        reply = rng.choice(attribute.acknowledgements)
        if rng.random() < 0.2:
            other = rng.choice(ATTRIBUTES)
            if other.noun not in self.told:
                second = other.draw(self.words)
                self.told[other.noun] = (other, second)
                text += " " + self.capital(rng.choice(other.statements).format(v=second))
                reply = rng.choice(
                    ("I will remember both.", "Thank you for telling me.", "I see. I will remember that.")
                )
        self.say(text, self.capital(reply.format(v=marked(value))))

    def ask(self) -> None:
        rng = self.rng
        kind = rng.random()
        if self.told and kind < 0.72:
            attribute, value = rng.choice(list(self.told.values()))
            if "name" in self.told and rng.random() < 0.25:
                attribute, value = self.told["name"]
            question = rng.choice(attribute.questions)
            answer = self.capital(rng.choice(attribute.answers).format(v=marked(value)))
            if attribute.noun in self.before and rng.random() < 0.25:
                question = f"What was my {attribute.noun} before?"
                answer = f"Before, your {attribute.noun} was {marked(self.before[attribute.noun])}."
            self.say(question, answer)
        elif kind < 0.9:
            missing = [a for a in (NAME, *rng.sample(ATTRIBUTES, 6)) if a.noun not in self.told]
            if missing:
                attribute = rng.choice(missing)
                self.say(rng.choice(attribute.questions), rng.choice(UNKNOWN).format(n=marked(attribute.noun)))
        elif self.told and kind < 0.95:
            chosen = rng.sample(list(self.told.values()), min(3, len(self.told)))
            self.say(
                "What do you know about me?",
                " ".join(self.capital(rng.choice(a.answers[:1]).format(v=marked(v))) for a, v in chosen),
            )
        elif self.last_said:
            if rng.random() < 0.5:
                self.say(
                    "What did I just say?", f'You said: {" ".join(marked(w) for w in plain(self.last_said).split(" "))}'
                )
            else:
                self.say(
                    "What was the first thing I said?",
                    f'You said: {" ".join(marked(w) for w in plain(self.first_said).split(" "))}',
                )

    def chat(self) -> None:
        rng = self.rng
        if rng.random() < 0.3:
            self.say(*rng.choice(KNOWN))
            return
        if rng.random() < 0.3:
            self.slotted()
            return
        asked, answers = rng.choice(talk.TALK)
        answer = rng.choice(answers)
        user = rng.choice(asked)
        if rng.random() < 0.15:
            user = user.rstrip(".!?").lower() if rng.random() < 0.5 else user.rstrip(".!?")
        self.say(user, answer.format(name=self.own_name if self.own_name == "Brim" else marked(self.own_name)))

    def slotted(self) -> None:
        """Talk about things that were never said before; what the answer takes from the question must be copied."""
        rng, words = self.rng, self.words
        asked, answers = talk.SLOTTED[0] if rng.random() < 0.4 else rng.choice(talk.SLOTTED[1:])
        fill = {
            "noun": words.one(lists.NOUNS),
            "adjective": words.one(lists.ADJECTIVES),
            "food": words.one(lists.FOODS),
            "city": words.one(lists.CITIES),
            "animal": words.one(lists.ANIMALS),
            "hobby": words.one(lists.HOBBIES),
            "person": words.name(),
            "job": words.one(lists.JOBS),
        }
        answer = rng.choice(answers).format(**{key: marked(value) for key, value in fill.items()})
        self.say(self.capital(rng.choice(asked).format(**fill)), self.capital(answer))

    def told_at_once(self) -> None:
        """A fact and the question about it in one turn."""
        rng = self.rng
        attribute = NAME if rng.random() < 0.3 else rng.choice(ATTRIBUTES)
        if attribute.noun in self.told:
            return
        value = attribute.draw(self.words)
        self.told[attribute.noun] = (attribute, value)
        text = self.capital(rng.choice(attribute.statements).format(v=value))
        end = "" if text[-1] in ".!" else "."
        self.say(
            f"{text}{end} {rng.choice(attribute.questions)}",
            self.capital(rng.choice(attribute.answers).format(v=marked(value))),
        )

    def story(self, room: int) -> None:
        passage = self.books.passage(self.rng, self.rng.randrange(24, max(32, room)))
        if passage:
            self.script.user(self.rng.choice(talk.STORIES))
            self.script.assistant_ids(passage)

    def bye(self) -> None:
        user = ", " + marked(self.told["name"][1]) if "name" in self.told and self.rng.random() < 0.6 else ""
        self.say(self.rng.choice(talk.FAREWELLS), self.rng.choice(talk.FAREWELL_ANSWERS).format(user=user))

    def greet(self) -> None:
        answer = self.rng.choice(talk.GREETING_ANSWERS)
        self.say(
            self.rng.choice(talk.GREETINGS),
            answer.format(name=self.own_name if self.own_name == "Brim" else marked(self.own_name)),
        )


def conversation(script: Script, words: Words, books: Books, room: int) -> None:
    """A free conversation that fills about `room` tokens."""
    rng = words.rng
    talk_of = Conversation(script, words, books)
    start = len(script)
    talk_of.system()
    if rng.random() < 0.4:
        talk_of.greet()
    if rng.random() < 0.6:
        talk_of.tell(NAME if rng.random() < 0.6 and "name" not in talk_of.told else None)
    tells, asks, stories = rng.uniform(0.1, 0.3), rng.uniform(0.2, 0.5), rng.choice((0.0, 0.05, 0.15, 0.3))
    left = room
    while left > 60:
        kind = rng.random()
        if kind < tells:
            if rng.random() < 0.1:
                talk_of.told_at_once()
            else:
                talk_of.tell()
        elif kind < tells + asks:
            talk_of.ask()
        elif kind < tells + asks + stories and left > 150:
            talk_of.story(min(left - 60, 500))
        elif kind < tells + asks + stories + 0.04:
            rng.choice((recall.repeated, recall.counted))(script, words, books, min(200, left))
        else:
            talk_of.chat()
        left = room - (len(script) - start)
    if rng.random() < 0.3:
        talk_of.bye()


def distant(script: Script, words: Words, books: Books, room: int) -> None:
    """A few facts at the start, then talk and stories, then questions about all of them at the end."""
    rng = words.rng
    talk_of = Conversation(script, words, books)
    start = len(script)
    talk_of.system()
    if rng.random() < 0.3:
        talk_of.greet()
    talk_of.tell(NAME if rng.random() < 0.5 and "name" not in talk_of.told else None)
    for _ in range(rng.choice((0, 0, 1, 2))):
        talk_of.tell()
    stories = rng.choice((0.0, 0.2, 0.5))
    end = room - 40 * (len(talk_of.told) + 1)
    while len(script) - start < end - 40:
        left = end - (len(script) - start)
        if rng.random() < stories and left > 120:
            talk_of.story(min(left - 40, 600))
        else:
            talk_of.chat()
    facts = list(talk_of.told.values())
    rng.shuffle(facts)
    for attribute, value in facts:
        talk_of.say(
            rng.choice(attribute.questions), talk_of.capital(rng.choice(attribute.answers).format(v=marked(value)))
        )
    if rng.random() < 0.3:
        talk_of.ask()
