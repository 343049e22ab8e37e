"""python3 models/demo/prepare.py [--vocabulary N]: books → cleaned text by split, a vocabulary, token files.

Writes build/demo/data: SPLIT.txt (books separated by form feeds), tokenizer.json, SPLIT.u16 (token ids) and
SPLIT.books (the first token of each book). A book goes to one split whole, by a hash of its text; two authors are
never trained on. Test and validation are read first, so that an edition of the same text is taken from the training
split, not from them.
"""
import argparse
import lzma
from array import array
from collections import Counter
from hashlib import blake2b

import numpy as np

from cleaning import paragraphs
from places import BOOKS, DATA
from tokenizer import CUT, EOS, Tokenizer, train

HELD_OUT = ("grimm", "montgomery")  # whole authors, for the split "authors"
SPLITS = ("authors", "test", "validation", "train")
SHORTEST = 4000  # characters a book must have left


def split_of(author: str, book: str) -> str:
    if author in HELD_OUT:
        return "authors"
    share = int.from_bytes(blake2b(book[:20000].encode(), digest_size=4).digest(), "big") % 100
    return "test" if share < 3 else "validation" if share < 6 else "train"


def collect() -> dict[str, list[str]]:
    raw: dict[str, list[str]] = {split: [] for split in SPLITS}
    for path in sorted(BOOKS.glob("*.txt.xz")):
        author = path.name.split(".")[0]
        for book in lzma.open(path, "rt", encoding="utf-8").read().split("\n\n\n"):
            raw[split_of(author, book)].append(book)
    seen: set[bytes] = set()
    clean: dict[str, list[str]] = {}
    for split in SPLITS:
        texts = ["\n\n".join(paragraphs(book, seen)) for book in raw[split]]
        clean[split] = [text for text in texts if len(text) >= SHORTEST]
        print(f"{split}: {len(clean[split])} books, {sum(map(len, clean[split])) / 1e6:.1f} M characters", flush=True)
    return clean


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--vocabulary", type=int, default=2048)
    wish = options.parse_args()
    DATA.mkdir(parents=True, exist_ok=True)
    books = collect()
    words: Counter[str] = Counter()
    for book in books["train"]:
        words.update(CUT.findall(book))
    words = Counter({word: count for word, count in words.items() if count >= 5})
    tokenizer = Tokenizer(train(words, wish.vocabulary))
    tokenizer.save(DATA / "tokenizer.json")
    print(f"vocabulary: {len(tokenizer)} tokens from {len(words)} different words", flush=True)
    for split, texts in books.items():
        (DATA / f"{split}.txt").write_text("\f".join(texts))
        ids = array("H")
        starts = []
        for text in texts:
            starts.append(len(ids))
            ids.extend(tokenizer.encode(text))
            ids.append(EOS)
        np.frombuffer(ids, np.uint16).tofile(DATA / f"{split}.u16")
        np.array(starts, np.int64).tofile(DATA / f"{split}.books")
        print(f"{split}: {len(ids) / 1e6:.2f} M tokens", flush=True)


if __name__ == "__main__":
    main()
