"""A byte-level BPE vocabulary: cutting, training, encoding. Other engines read it as `gpt2` with the pre-tokenizer
`qwen2`.

Ids: the control tokens, the 256 bytes, then one token a merge. Digits are cut one by one, so numbers are read and
copied digit by digit. The cutting expression equals the engines' one on the characters that cleaning.py leaves
(Python's `re` has no Unicode classes, so fractions and the like would differ).
"""
import heapq
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

BOS, EOS, SYSTEM, USER, ASSISTANT, END = range(6)
CONTROL = ["<|bos|>", "<|eos|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
FIRST_BYTE = len(CONTROL)
PRE_TOKENIZER = "qwen2"

_LETTER = r"[^\W\d_]"
_OTHER = r"(?:[^\s\w]|_)"
CUT = re.compile(
    rf"'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])|(?:[^\w\r\n]|_)?{_LETTER}+|\d| ?{_OTHER}+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_alphabet() -> list[str]:
    """GPT-2's printable character for each byte: itself where printable, else the next one from U+0100 on."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    spare = iter(range(256, 512))
    return [chr(b) if b in printable else chr(next(spare)) for b in range(256)]


Pair = tuple[int, int]


def train(words: Counter[str], vocabulary: int) -> list[Pair]:
    """Merges, most useful first, from how often each cut word occurs. Ties go to the smaller pair: reproducible."""
    texts = sorted(words)
    counts = [words[text] for text in texts]
    spelled = [[FIRST_BYTE + byte for byte in text.encode()] for text in texts]
    totals: Counter[Pair] = Counter()
    where: defaultdict[Pair, set[int]] = defaultdict(set)
    for index, spelling in enumerate(spelled):
        for pair in zip(spelling, spelling[1:]):
            totals[pair] += counts[index]
            where[pair].add(index)
    heap = [(-total, pair) for pair, total in totals.items()]
    heapq.heapify(heap)
    merges: list[Pair] = []
    while len(merges) < vocabulary - FIRST_BYTE - 256 and heap:
        negative, pair = heapq.heappop(heap)
        if totals[pair] != -negative:
            continue  # an outdated entry; the right one is in the heap too
        token = FIRST_BYTE + 256 + len(merges)
        merges.append(pair)
        changed: set[Pair] = set()
        for index in where.pop(pair):
            old = spelled[index]
            new = _merge(old, pair, token)
            for before in zip(old, old[1:]):
                totals[before] -= counts[index]
                changed.add(before)
            for after in zip(new, new[1:]):
                totals[after] += counts[index]
                where[after].add(index)
                changed.add(after)
            spelled[index] = new
        for other in changed:
            if totals[other] > 0 and other != pair:
                heapq.heappush(heap, (-totals[other], other))
    return merges


def _merge(spelling: list[int], pair: Pair, token: int) -> list[int]:
    merged: list[int] = []
    i = 0
    while i < len(spelling):
        if i + 1 < len(spelling) and spelling[i] == pair[0] and spelling[i + 1] == pair[1]:
            merged.append(token)
            i += 2
        else:
            merged.append(spelling[i])
            i += 1
    return merged


class Tokenizer:
    """Encodes and decodes; words are remembered, so a text costs one look-up a word."""

    def __init__(self, merges: list[Pair]) -> None:
        self.merges = merges
        self.ranks = {tuple(pair): rank for rank, pair in enumerate(merges)}
        self.bytes: list[bytes] = [b""] * FIRST_BYTE + [bytes([b]) for b in range(256)]
        for left, right in merges:
            self.bytes.append(self.bytes[left] + self.bytes[right])
        self._words: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self.bytes)

    def word(self, text: str) -> list[int]:
        spelling = [FIRST_BYTE + byte for byte in text.encode()]
        while len(spelling) > 1:
            best = min(zip(spelling, spelling[1:]), key=lambda pair: self.ranks.get(pair, 1 << 30))
            if best not in self.ranks:
                break
            spelling = _merge(spelling, best, FIRST_BYTE + 256 + self.ranks[best])
        return spelling

    def encode(self, text: str) -> list[int]:
        """Ids of plain text: control tokens are not recognised and BOS is not added."""
        ids: list[int] = []
        known = self._words
        for piece in CUT.findall(text):
            spelling = known.get(piece)
            if spelling is None:
                spelling = known[piece] = self.word(piece)
            ids += spelling
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        return b"".join(self.bytes[i] if i >= FIRST_BYTE else CONTROL[i].encode() for i in ids).decode(errors="replace")

    def save(self, path: Path) -> None:
        path.write_text(json.dumps({"merges": self.merges}))

    @staticmethod
    def load(path: Path) -> "Tokenizer":
        return Tokenizer([tuple(pair) for pair in json.loads(path.read_text())["merges"]])
