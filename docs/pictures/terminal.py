#!/usr/bin/env python3
"""terminal.py BRIM OUT.svg: draws a real conversation with the demo model as a picture of a terminal.

`brim chat` runs on a pseudo-terminal (tests/apps/terminal/screen.py) and is sent the messages below; what it shows is drawn line by
line. Nothing is added to or taken from its output. Rates differ from run to run; the texts are those of the seed.
"""
import html
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "apps" / "terminal"))
from screen import Screen  # noqa: E402

ARGUMENTS = ["chat", "models/brim-demo.gguf", "--kv-budget", "1MiB", "--seed", "8", "-t", "1"]
MESSAGES = ["Hello, my name is Clara.", "Tell me a story.", "What is my name?"]
COLUMNS = 100
WIDTH, HEIGHT, MARGIN = 8.4, 19, 16  # of a character and of the border, in pixels


def talk(brim):
    with Screen([brim, ARGUMENTS[0], str(ROOT / ARGUMENTS[1]), *ARGUMENTS[2:]]) as screen:
        screen.prompt()
        for message in MESSAGES:
            screen.say(message)
        screen.type("/kv\r")
        screen.wait_for(b"layer 9")
        screen.prompt()
        return screen.seen.decode("utf-8")


def lines(text):
    """The lines as a terminal shows them: without its control sequences, broken at its width."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r\n", "\n")
    if "\x1b" in text or "\r" in text or "\b" in text:
        raise SystemExit("terminal.py: the output moves the cursor, which this program cannot draw")
    shown = ["$ brim " + " ".join(ARGUMENTS)]
    for line in text.split("\n")[:-1]:  # the last one is the next prompt
        shown += [line[at:at + COLUMNS] for at in range(0, max(len(line), 1), COLUMNS)]
    return shown


def colour(line):
    if line.startswith(("> ", "$ ")):
        return "#7fd1ff"
    return "#9aa4ad" if " tok/s" in line or line.startswith(("KV ", "layer", "Write ", "Brim ")) else "#e6e6e6"


def draw(shown):
    width, height = COLUMNS * WIDTH + 2 * MARGIN, len(shown) * HEIGHT + 2 * MARGIN
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}" '
           f'font-family="monospace" font-size="14">')
    yield f'<rect width="{width:.0f}" height="{height}" rx="8" fill="#1c2128"/>'
    for row, line in enumerate(shown):
        if line:
            yield (f'<text x="{MARGIN}" y="{MARGIN + row * HEIGHT + 14}" fill="{colour(line)}" xml:space="preserve" '
                   f'textLength="{len(line) * WIDTH:.1f}">{html.escape(line)}</text>')
    yield "</svg>"


if len(sys.argv) != 3:
    raise SystemExit("usage: terminal.py BRIM OUT.svg")
brim, out = sys.argv[1:]
sys.argv = sys.argv[:1]
pathlib.Path(out).write_text("\n".join(draw(lines(talk(brim)))) + "\n", encoding="utf-8")
