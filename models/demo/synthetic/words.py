"""Word lists of the synthetic samples, and words made of syllables so that recall is learnt by copying, not by heart.

About one word in ten of each list is held out: it never occurs in training samples, only in evaluation.
"""
import random
from hashlib import blake2b

NAMES = """Anna Ben Clara David Emma Frank Grace Henry Iris Jack Kate Leo Mary Nina Oscar Paul Quinn Rose Sam Tom Uma
Victor Wendy Xavier Yara Zoe Alice Bruno Carol Daniel Ella Felix Gina Hugo Ida Jonas Karen Liam Maya Noah Olive Peter
Rachel Simon Tina Ursula Vera Walter Amir Bianca Carlos Diana Elias Fatima Goran Hana Ivan Julia Kenji Lena Marco Nadia
Omar Priya Ravi Sofia Tariq Ulrich Vikram Wanda Yusuf Zara Adam Bella Chris Dora Eric Fiona George Helen Isaac Jenny
Kevin Laura Martin Nora Otto Paula Robert Susan Theo Viola William Agnes Boris Cecil Doris Edgar Flora Gilbert Harriet
Irene Jasper Klaus Lydia Max Naomi Oliver Pearl Rufus Stella Tobias Violet Wilma Arthur Betty Conrad Edith Fred Gloria
Harold Ingrid Jim Lucy Miles Nell Patrick Ruth Stanley Thelma Vincent Winston Abel Cora Dexter Esther Floyd Greta
Hector Joan Keith Lola Mabel Ned Opal Percy Rita Silas Tess Vince Wes Alma Basil Clive Della Enid Glen Hazel Ira June
Kurt Lars Mona Nick Olga Phil Roy Sara Ted""".split()
CITIES = """Paris London Rome Berlin Madrid Lisbon Vienna Prague Oslo Athens Dublin Warsaw Cairo Lima Tokyo Delhi
Boston Chicago Denver Dallas Seattle Houston Austin Bristol Leeds Oxford Cambridge York Glasgow Lyon Nice Milan Turin
Venice Naples Munich Hamburg Cologne Zurich Geneva Basel Bern Porto Seville Bilbao Ghent Bruges Bergen Malmo Turku Riga
Vilnius Krakow Sofia Split Havana Quito Santiago Bogota Toronto Montreal Ottawa Perth Sydney Nairobi Accra Dakar Tunis
Rabat Mumbai Kyoto Osaka Seoul Hanoi Manila Jakarta""".split()
COLOURS = "red blue green yellow orange purple pink brown black white grey silver gold violet turquoise crimson".split()
ANIMALS = """dog cat rabbit parrot hamster goldfish turtle pony lizard mouse canary snake ferret goat duck hen sheep
donkey frog spider pigeon hedgehog""".split()
JOBS = """teacher baker doctor nurse farmer painter gardener carpenter sailor tailor lawyer cook plumber pilot singer
writer librarian mechanic clerk dentist driver butcher fisherman builder waiter engineer musician actor judge soldier
blacksmith shepherd postman clockmaker""".split()
FOODS = """pizza bread soup cheese rice apples cake pancakes noodles salad fish honey chocolate strawberries potatoes
eggs porridge plums pears cherries sausages beans mushrooms tomatoes cookies carrots""".split()
DRINKS = "tea coffee milk water lemonade cider juice cocoa ginger-beer cream".split()
HOBBIES = """reading swimming painting dancing fishing cooking singing running knitting sailing gardening hiking chess
cycling drawing climbing skating writing""".split()
INSTRUMENTS = "piano violin flute guitar drum trumpet harp cello organ banjo".split()
MONTHS = "January February March April May June July August September October November December".split()
NOUNS = """apple lamp river table window garden basket candle hammer bottle mirror blanket ladder ribbon pillow kettle
wagon feather button anchor barrel bell boat book bridge broom brush bucket cabin camera carpet castle chain chair
clock cloud coat coin cradle crown cup curtain desk door drawer engine fence flag flower forest fork fountain glove hat
helmet hill island jacket jar jewel key kite knife lantern leaf letter lock map mask meadow medal mountain nail
necklace needle nest net oven paddle page paper pencil pepper piano picture pipe plate pocket pond pot purse ring road
rock roof rope sack saddle sail salt sand saw scarf scissors seed shell ship shirt shoe shovel sofa spoon stamp star
stone stove string sugar sword tent thread ticket tower towel train tree trumpet umbrella valley vase village violin
wall watch well wheel whistle wood wool""".split()
ADJECTIVES = """old small bright quiet heavy golden broken hidden little round secret sharp silent soft strange tall
tiny warm wooden young ancient cold deep empty gentle green happy hollow iron lazy long lost narrow plain proud purple
quick rough rusty simple silver smooth square steep thick thin""".split()
PLACES = """kitchen cellar attic garden library stable barn tower bedroom hall study garage chapel bakery market office
school harbour mill cottage""".split()

ONSETS = "b c d f g h j k l m n p r s t v w z br dr fl gr kl pl sk st tr".split()
VOWELS = "a e i o u a e i o ai ee oo".split()
ENDINGS = ["", "", "", "n", "r", "l", "s", "m", "k", "t"]


def held_out(word: str) -> bool:
    return blake2b(word.lower().encode(), digest_size=2).digest()[0] < 26


class Words:
    """Draws words: from the training share of the lists, or only held-out ones for evaluation."""

    def __init__(self, rng: random.Random, evaluation: bool = False) -> None:
        self.rng, self.evaluation = rng, evaluation
        self._lists: dict[int, list[str]] = {}

    def allowed(self, words: list[str]) -> list[str]:
        kept = self._lists.get(id(words))
        if kept is None:
            kept = self._lists[id(words)] = [word for word in words if held_out(word) == self.evaluation] or words
        return kept

    def one(self, words: list[str]) -> str:
        return self.rng.choice(self.allowed(words))

    def some(self, words: list[str], count: int) -> list[str]:
        """Different ones; fewer only when the list is shorter."""
        pool = self.allowed(words)
        return self.rng.sample(pool, min(count, len(pool)))

    def made(self, syllables: int = 0) -> str:
        rng = self.rng
        while True:
            count = syllables or rng.choice((2, 2, 3))
            word = "".join(rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(ENDINGS) for _ in range(count))
            if held_out(word) == self.evaluation:
                return word

    def name(self) -> str:
        return self.one(NAMES) if self.rng.random() < 0.6 else self.made(2).capitalize()

    def number(self, digits: int = 0) -> str:
        digits = digits or self.rng.choice((2, 3, 4, 4, 5, 6))
        return str(self.rng.randrange(10 ** (digits - 1), 10**digits))

    def value(self) -> str:
        """Something to remember."""
        kind = self.rng.random()
        if kind < 0.4:
            return self.number()
        if kind < 0.7:
            return self.made()
        if kind < 0.85:
            return self.one(NOUNS)
        return f"{self.one(ADJECTIVES)} {self.one(NOUNS)}"

    def key(self) -> str:
        kind = self.rng.random()
        if kind < 0.3:
            return self.made()
        if kind < 0.5:
            return self.name()
        if kind < 0.7:
            return self.one(NOUNS)
        if kind < 0.9:
            return f"{self.one(ADJECTIVES)} {self.one(NOUNS)}"
        return self.number(3)

    def keys(self, count: int, alike: bool = False) -> list[str]:
        """Different keys; `alike` ones differ in one syllable, one digit or one word only."""
        if not alike:
            found: list[str] = []
            while len(found) < count:
                key = self.key()
                if key not in found:
                    found.append(key)
            return found
        kind = self.rng.random()
        stem, noun = self.made(2), self.one(NOUNS)
        found = []
        if count > 20 and kind >= 0.65:
            kind = 0.0  # too few adjectives
        while len(found) < count:
            if kind < 0.35:
                key = stem + self.made(1)
            elif kind < 0.65:
                key = f"{noun} {self.rng.randrange(1, 100)}"
            else:
                key = f"{self.one(ADJECTIVES)} {noun}"
            if key not in found:
                found.append(key)
            elif self.evaluation and kind >= 0.65:
                kind = 0.0
        return found
