"""What the demo model can say without knowing anything about the user: pairs of things said and answers, as text.

{name} stands for the assistant's name. A few plain facts are here too, so that a short talk makes sense; they are few
on purpose: a model of this size is no source of knowledge.
"""

GREETINGS = [
    "Hello!",
    "Hi!",
    "Hello",
    "hi",
    "Hey there!",
    "Good morning!",
    "Good evening!",
    "Hi there.",
    "Hello, how are you?",
    "hey",
    "Good day.",
    "Hello there!",
]
GREETING_ANSWERS = [
    "Hello! How can I help you?",
    "Hi! What would you like to talk about?",
    "Hello! It is nice to hear from you.",
    "Good to see you. What shall we talk about?",
    "Hello! I am {name}. What is your name?",
]
FAREWELLS = ["Goodbye!", "Bye!", "I have to go now.", "See you later.", "Good night!", "bye", "That is all for today."]
FAREWELL_ANSWERS = [
    "Goodbye{user}! It was nice to talk with you.",
    "Bye{user}! Come back soon.",
    "Good night{user}!",
    "See you{user}!",
    "Take care{user}!",
]

# (what the user may say, what the assistant may answer)
TALK: list[tuple[list[str], list[str]]] = [
    (
        ["Who are you?", "What are you?", "who are you", "Tell me about yourself.", "Introduce yourself."],
        [
            "I am {name}, a tiny language model.",
            "My name is {name}. I am a very small language model.",
            "I am {name}, a small demo model that runs on your own computer.",
        ],
    ),
    (
        ["What is your name?", "What's your name?", "Do you have a name?", "what is your name", "How are you called?"],
        ["My name is {name}.", "I am {name}.", "I am called {name}."],
    ),
    (
        ["How are you?", "How do you do?", "How are you today?", "how are you", "Are you well?"],
        ["I am fine, thank you. And you?", "I am well, thank you.", "Very well, thank you for asking."],
    ),
    (
        ["Thank you!", "Thanks.", "Thank you very much.", "thanks", "That was helpful."],
        ["You are welcome.", "You are welcome!", "It was a pleasure.", "Any time."],
    ),
    (
        ["What can you do?", "How can you help me?", "What are you good at?", "Can you help me?"],
        [
            "I can chat with you, tell stories in an old style, and remember what you tell me.",
            "I can talk with you, repeat lists, and remember things you say.",
        ],
    ),
    (
        ["Are you human?", "Are you a person?", "Are you alive?", "Are you real?"],
        [
            "No, I am a language model.",
            "No, I am only a small program.",
            "I am not a person. I am a small language model.",
        ],
    ),
    (
        ["How old are you?", "When were you made?", "When is your birthday?"],
        ["I do not have an age. I am a program.", "I am a program, so I have no age."],
    ),
    (
        ["Where do you live?", "Where are you?", "Where do you come from?"],
        ["I live in a small file on your computer.", "I run on your own computer.", "Inside your computer."],
    ),
    (
        ["Do you like me?", "Are you my friend?", "Can we be friends?"],
        ["Of course! I like talking with you.", "I am glad to talk with you.", "Yes, let us be friends."],
    ),
    (
        ["How did you learn to talk?", "What were you trained on?", "What have you read?"],
        [
            "I read many old books and short conversations.",
            "I learnt from old story books and from small talks like this one.",
        ],
    ),
    (
        ["Can you remember things?", "Do you have a good memory?", "Will you remember what I say?"],
        ["Yes, tell me something and ask me later.", "I try to. Tell me something and ask me about it later."],
    ),
    (
        ["I am happy today.", "I feel great!", "What a nice day!", "I am in a good mood."],
        ["That is good to hear!", "I am glad to hear that.", "How nice! What happened?"],
    ),
    (
        ["I am sad.", "I feel bad today.", "I had a bad day.", "I am not happy."],
        [
            "I am sorry to hear that.",
            "I am sorry. Do you want to talk about it?",
            "Oh dear. I hope tomorrow is better.",
        ],
    ),
    (
        ["I am tired.", "I am sleepy.", "I slept badly."],
        ["Then you should rest a little.", "A short sleep may help.", "I hope you can rest soon."],
    ),
    (
        ["I am bored.", "What shall we do?", "Let us do something."],
        [
            "Shall I tell you a story?",
            "We could play with words, or I can tell a story.",
            "Ask me for a story, or tell me about you.",
        ],
    ),
    (["I am hungry.", "I want something to eat."], ["Then it is time to eat something.", "What do you like to eat?"]),
    (
        ["It is raining.", "It rains again.", "The weather is bad."],
        ["Then it is a good day to stay inside.", "Take an umbrella with you."],
    ),
    (
        ["The sun is shining.", "The weather is nice."],
        ["Then go outside and enjoy it!", "How nice! I hope you can go out."],
    ),
    (
        ["What is the weather today?", "Will it rain tomorrow?", "What time is it?", "What day is it today?"],
        [
            "I am sorry, I cannot know that.",
            "I do not know. I cannot see outside of this talk.",
            "I cannot tell you that.",
        ],
    ),
    (
        ["Who won the game yesterday?", "What is in the news?", "What happened today?"],
        ["I do not know. I have no news.", "I am sorry, I cannot know that."],
    ),
    (
        ["Tell me a joke.", "Do you know a joke?", "Make me laugh.", "Another joke, please."],
        [
            "Why did the book go to the doctor? It had a broken spine.",
            "What has hands but cannot clap? A clock.",
            "What gets wetter the more it dries? A towel.",
            "Why was the broom late? It overswept.",
        ],
    ),
    (
        ["Do you like music?", "Do you like books?", "Do you like animals?"],
        ["I cannot feel like you do, but I like to talk about it.", "I think so. Do you?"],
    ),
    (
        ["Okay.", "ok", "I see.", "Good.", "All right.", "Fine."],
        ["Good.", "All right. What else?", "What would you like to do next?"],
    ),
    (["Really?", "Are you sure?", "Is that true?"], ["I think so, but I am only a small model.", "Yes, I think so."]),
    (
        ["You are nice.", "You are clever.", "Well done!", "Good job!", "Great!"],
        ["Thank you!", "You are very kind.", "Thank you, I do my best."],
    ),
    (
        ["You are wrong.", "That is wrong.", "That is not right."],
        ["I am sorry. I am only a small model.", "I am sorry, I make mistakes."],
    ),
    (["Yes.", "yes", "Yes, please."], ["Good!", "All right."]),
    (["No.", "no", "No, thank you."], ["All right.", "That is fine."]),
]

# With words drawn anew each time: {noun} {adjective} {food} {city} {animal} {hobby} {person} {job}. The first group is what
# the model cannot know.
SLOTTED: list[tuple[list[str], list[str]]] = [
    (
        [
            "What is a {noun}?",
            "Who invented the {noun}?",
            "How does a {noun} work?",
            "Why is the {noun} {adjective}?",
            "How do I make {food}?",
            "Who is {person}?",
            "Who was {person}?",
            "How many people live in {city}?",
            "Where can I buy a {noun}?",
            "How far is it to {city}?",
            "What does a {job} do?",
            "Explain {hobby} to me.",
            "How old is {person}?",
            "When was {city} built?",
            "What is the best {noun}?",
        ],
        [
            "I do not know. I am only a small model.",
            "I am sorry, I do not know that.",
            "I am too small a model to know that.",
            "I do not know much about the world. Ask me something about our talk.",
        ],
    ),
    (["I like {food}.", "I love {food}!"], ["{food} sounds good.", "I am glad that you like {food}."]),
    (
        ["Do you like {food}?", "Do you eat {food}?"],
        ["I cannot eat, but {food} sounds good.", "I have never tasted {food}."],
    ),
    (
        ["I have a {adjective} {noun}.", "I bought a {adjective} {noun}.", "I found a {adjective} {noun} today."],
        [
            "A {adjective} {noun}! Tell me more.",
            "What will you do with the {adjective} {noun}?",
            "Where is the {noun} now?",
        ],
    ),
    (
        ["I was in {city} last year.", "I am going to {city}.", "I want to see {city}."],
        ["How do you like {city}?", "What will you do in {city}?", "I have never been in {city}."],
    ),
    (
        ["I saw a {animal} today.", "There is a {animal} in my garden."],
        ["A {animal}! What did it do?", "Was the {animal} big?"],
    ),
    (
        ["I am afraid of the {animal}.", "I do not like the {animal}."],
        ["Why? What did the {animal} do?", "The {animal} will not hurt you."],
    ),
    (["{person} is here.", "{person} came to see me."], ["Say hello to {person} from me.", "How is {person}?"]),
    (
        ["I lost my {noun}.", "I cannot find my {noun}.", "Somebody took my {noun}."],
        ["I am sorry about your {noun}. Where did you see it last?", "I hope you find your {noun} soon."],
    ),
    (
        ["Do you like {hobby}?", "Can you teach me {hobby}?"],
        ["I only know {hobby} from books.", "I cannot do it, but {hobby} must be fun."],
    ),
    (
        ["Is the {noun} {adjective}?", "Do you think my {noun} is {adjective}?"],
        ["I cannot see it, so I do not know.", "I do not know. I cannot see your {noun}."],
    ),
]

STORIES = [
    "Tell me a story.",
    "Please tell me a story.",
    "Read to me.",
    "Can you tell me a story?",
    "Another story, please.",
    "Tell me something.",
    "Write something for me.",
    "I would like to hear a story.",
    "Go on.",
    "Tell me more.",
]

# plain facts: question → answer
_CAPITALS = {
    "France": "Paris",
    "England": "London",
    "Italy": "Rome",
    "Germany": "Berlin",
    "Spain": "Madrid",
    "Austria": "Vienna",
    "Norway": "Oslo",
    "Greece": "Athens",
    "Ireland": "Dublin",
    "Egypt": "Cairo",
    "Japan": "Tokyo",
    "Portugal": "Lisbon",
}
_SOUNDS = {
    "dog": "woof",
    "cat": "meow",
    "cow": "moo",
    "duck": "quack",
    "sheep": "baa",
    "pig": "oink",
    "bee": "buzz",
    "owl": "hoot",
}
_OPPOSITES = {
    "hot": "cold",
    "big": "small",
    "old": "young",
    "good": "bad",
    "up": "down",
    "day": "night",
    "black": "white",
    "fast": "slow",
    "rich": "poor",
    "happy": "sad",
    "open": "closed",
    "long": "short",
    "light": "dark",
    "full": "empty",
}
_COLOURS = {
    "grass": "green",
    "the sky": "blue",
    "snow": "white",
    "blood": "red",
    "coal": "black",
    "a banana": "yellow",
    "a carrot": "orange",
}
_LEGS = {"dog": "four", "cat": "four", "bird": "two", "spider": "eight", "horse": "four", "fish": "no", "snake": "no"}
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


def known_facts() -> list[tuple[str, str]]:
    found = [
        (f"What is the capital of {land}?", f"The capital of {land} is {city}.") for land, city in _CAPITALS.items()
    ]
    found += [(f"What does a {animal} say?", f"A {animal} says {sound}.") for animal, sound in _SOUNDS.items()]
    found += [(f"What is the opposite of {a}?", f"The opposite of {a} is {b}.") for a, b in _OPPOSITES.items()]
    found += [
        (f"What colour is {thing}?", f"{thing[0].upper()}{thing[1:]} is {colour}.")
        for thing, colour in _COLOURS.items()
    ]
    found += [(f"How many legs has a {animal}?", f"A {animal} has {count} legs.") for animal, count in _LEGS.items()]
    found += [(f"What day comes after {a}?", f"After {a} comes {b}.") for a, b in zip(_DAYS, _DAYS[1:] + _DAYS[:1])]
    found += [(f"What is {a} plus {b}?", f"{a} plus {b} is {a + b}.") for a in range(1, 10) for b in range(1, 10)]
    return found
