"""python3 models/demo/prepare.py [--vocabulary N]: books → cleaned text by split, a vocabulary, token files.

Writes build/demo/data: SPLIT.txt (books separated by form feeds), tokenizer.json, SPLIT.u16 (token ids) and
SPLIT.books (the first token of each book). A book goes to one split whole, by a hash of its text; two authors are
never trained on. Test and validation are read first, so that an edition of the same text is taken from the training
split, not from them.
"""
import argparse
import csv
import lzma
import sys
from array import array
from collections import Counter
from hashlib import blake2b
from pathlib import Path

from cleaning import paragraphs
from places import BOOK_LIST, BOOKS, DATA
from tokenizer import CUT, EOS, Tokenizer, train

HELD_OUT = ("grimm", "montgomery")  # whole authors, for the split "authors"
SPLITS = ("authors", "test", "validation", "train")
SHORTEST = 4000  # characters a book must have left


def split_of(author: str, book: str) -> str:
    if author in HELD_OUT:
        return "authors"
    share = int.from_bytes(blake2b(book[:20000].encode(), digest_size=4).digest(), "big") % 100
    return "test" if share < 3 else "validation" if share < 6 else "train"


def read(path: Path) -> list[str]:
    try:
        with lzma.open(path, "rt", encoding="utf-8") as file:
            return file.read().split("\n\n\n")
    except (OSError, lzma.LZMAError, EOFError, UnicodeDecodeError) as failure:
        sys.exit(f"prepare.py: {path} is not a text compressed by xz, in UTF-8: {failure}")


def report_missing(books: set[str]) -> None:
    """Says which texts of the list were not found: without them another model is made."""
    with BOOK_LIST.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    missing = [row for row in rows if row["checksum"] not in books]
    for row in missing[:10]:
        print(f"prepare.py: {row['file']}.txt.xz lacks {row['title']}, or has another edition", file=sys.stderr)
    if missing:
        print(f"prepare.py: {len(missing)} of the {len(rows)} texts in {BOOK_LIST.name} are missing", file=sys.stderr)


def collect() -> dict[str, list[str]]:
    paths = sorted(BOOKS.glob("*.txt.xz"))
    if not paths:
        sys.exit(
            f"prepare.py: there are no books in {BOOKS}: expected a file AUTHOR.txt.xz for each author. models/demo/books.md lists "
            "the books and says where they come from; BRIM_SHARED names another folder that has texts/books in it"
        )
    raw: dict[str, list[str]] = {split: [] for split in SPLITS}
    found = set()
    for path in paths:
        author = path.name.split(".")[0]
        for book in read(path):
            raw[split_of(author, book)].append(book)
            found.add(blake2b(book.encode(), digest_size=8).hexdigest())
    report_missing(found)
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
    books = collect()
    DATA.mkdir(parents=True, exist_ok=True)
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
        (DATA / f"{split}.u16").write_bytes(ids.tobytes())
        (DATA / f"{split}.books").write_bytes(array("q", starts).tobytes())
        print(f"{split}: {len(ids) / 1e6:.2f} M tokens", flush=True)


if __name__ == "__main__":
    main()
