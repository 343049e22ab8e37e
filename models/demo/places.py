"""Where the demo model's pipeline reads and writes.

Everything that can be made again lies in build/demo (ignored by git); the finished model goes to models/. The books
are reference data beside the repository: $BRIM_SHARED, else ../shared, as for the tests.
"""
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BRIM_DEMO_BUILD", ROOT / "build" / "demo"))
SHARED = Path(os.environ.get("BRIM_SHARED", ROOT.parent / "shared"))
BOOKS = SHARED / "texts" / "books"
DATA = BUILD / "data"
BRIM = ROOT / "build" / "release" / "apps" / "brim"
BOOK_LIST = ROOT / "models" / "demo" / "books.tsv"


def need(path: Path, how: str) -> Path:
    """`path`, which has to be there; else the program ends with a sentence that says how it comes there."""
    if not path.exists():
        sys.exit(f"{Path(sys.argv[0]).name}: {path} is missing: {how}")
    return path


def vocabulary() -> Path:
    return need(DATA / "tokenizer.json", "`./run demo-model prepare` makes it from the books")


def brim() -> str:
    return str(need(BRIM, "`./run build` makes it"))
