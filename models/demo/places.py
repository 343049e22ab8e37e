"""Where the demo model's pipeline reads and writes.

Everything that can be made again lies in build/demo (ignored by git); the finished model goes to models/. The books
are reference data beside the repository: $BRIM_SHARED, else ../shared, as for the tests.
"""
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BRIM_DEMO_BUILD", ROOT / "build" / "demo"))
SHARED = Path(os.environ.get("BRIM_SHARED", ROOT.parent / "shared"))
BOOKS = SHARED / "texts" / "books"
DATA = BUILD / "data"
BRIM = ROOT / "build" / "release" / "apps" / "brim"
