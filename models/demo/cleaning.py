"""Turns the text of one printed book into plain paragraphs: the first half of prepare.py.

Only prose is kept: what a model of a few million parameters cannot use (tables, indexes, notes of the people who typed
the book, ornaments) goes, typographic variants become one ASCII form, and line breaks inside a paragraph are removed.
"""
import re
from hashlib import blake2b

ASCII_FORMS = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201a": "'",
        "\u201b": "'",
        "\u2032": "'",
        "\u00b4": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u2033": '"',
        "\u00ab": '"',
        "\u00bb": '"',
        "\u2013": "-",
        "\u2014": "--",
        "\u2015": "--",
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "-",
        "\u2026": "...",
        "\u00a0": " ",
        "\u00ad": "",
        "\ufeff": "",
        "\u200b": "",
        "\t": " ",
        "\r": "",
        "`": "'",
        "\u00bd": " 1/2",
        "\u00bc": " 1/4",
        "\u00be": " 3/4",
        "\u00b7": " ",
        "\u2009": " ",
    }
)
NOTES = re.compile(
    r"(?i)transcriber|illustration|frontispiece|copyright|all rights reserved|typograph|e-?text|"
    r"project gutenberg|footnote|errata|page \d+|printed (in|by)|publish(ed|ers)|edition|isbn|html"
)
ORNAMENT = re.compile(r"^[\W\d_]*$")
BRACKETS = re.compile(r"\[[^\[\]]{0,80}\]")
PLAIN = re.compile(r"[^A-Za-z0-9 .,;:!?'\"()\-&\u00a3\u00c0-\u017f]")
LETTERS = re.compile(r"[a-z]+")


def paragraph(text: str) -> str:
    """One paragraph as a single line in plain characters, or "" when it is not prose."""
    text = BRACKETS.sub(" ", text.translate(ASCII_FORMS).replace("_", "").replace("*", " ").replace("=", " "))
    text = " ".join(text.split())
    if not text or ORNAMENT.match(text) or PLAIN.search(text):
        return ""
    if len(text) < 400 and NOTES.search(text):
        return ""
    small = sum(map(str.islower, text))
    if small < 0.6 * len(text) and len(text) > 40:
        return ""
    return text


def fingerprint(text: str) -> bytes:
    """The same for two editions of a paragraph that differ in case, spacing or punctuation only."""
    return blake2b("".join(LETTERS.findall(text.lower())).encode(), digest_size=8).digest()


def paragraphs(book: str, seen: set[bytes]) -> list[str]:
    """The book's prose without paragraphs of 60 characters or more that an earlier book had (their prints are in
    seen)."""
    kept: list[str] = []
    for block in book.split("\n\n"):
        text = paragraph(block)
        if not text:
            continue
        if len(text) >= 60:
            mark = fingerprint(text)
            if mark in seen:
                continue
            seen.add(mark)
        kept.append(text)
    first = next((i for i, text in enumerate(kept) if len(text) >= 200), len(kept))  # title pages and contents
    return kept[max(0, first - 1) :]
