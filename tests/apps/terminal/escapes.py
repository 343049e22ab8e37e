"""Nothing from a file, a model or a command line can command the terminal."""
import json
import os
import re

from screen import BRIM, TINY, Screen, chat, check, patched, piped, run, shown

CLEAR = b"\x1b[2J"  # clears the screen
# What Brim's own lines may send: colours, clearing to the end of the line, bracketed paste; libedit moves the cursor.
OURS = re.compile(rb"\x1b\[(?:[0-9;]*m|K|\?2004[hl])")
NAME, KEY = b"\x04\0\0\0\0\0\0\0tiny", b"tokenizer.ggml.model"


def clean(what, seen):
    rest = OURS.sub(b"", seen)
    check(b"\x1b" not in rest, f"{what}: ESC reaches the terminal: {rest[-300:]!r}")
    text = rest.decode("utf-8", "surrogateescape")
    bad = sorted({hex(ord(c)) for c in text if 0x7F <= ord(c) <= 0x9F or 0xDC80 <= ord(c) <= 0xDCFF or ord(c) < 9})
    check(not bad, f"{what}: {bad} reach the terminal: {rest[-300:]!r}")


def with_name(file, text):
    return patched(file, (NAME, NAME[:8] + text))


def metadata():
    models = {
        "ESC in the name": with_name("esc.gguf", CLEAR),
        "C1 in the name": with_name("c1.gguf", b"\xc2\x9b2J"),
        "raw C1 in the name": with_name("raw.gguf", b"\x9b2JJ"),
        "ESC in the architecture": patched("arch.gguf", (b"\x05\0\0\0\0\0\0\0llama", b"\x05\0\0\0\0\0\0\0l\x1b[2J")),
        "ESC in a key": patched("key.gguf", (KEY, KEY[:10] + CLEAR + KEY[14:])),
        "ESC in a tensor's name": patched("tensor.gguf", (b"blk.0.attn_q.weight", b"blk.0.\x1b[2J_q.weight")),
    }
    for what, model in models.items():
        for command in (["inspect", "-m", model], ["inspect", "--json", "-m", model],
                        ["run", "-v", "-n", "1", "-p", "x", "-m", model], ["chat", "-v", "-n", "1", "-p", "x", "-m", model],
                        ["tokenize", "-p", "x", "-m", model], ["bench", "-m", model, "-p", "4", "-n", "1", "-r", "1", "-t", "1"],
                        ["quantize", model, "out.gguf", "q8_0"]):
            clean(f"{what}: brim {command[0]}", shown(*command))
        for command in (["inspect", "--json", "-m", model], ["run", "-p", "x", "-m", "nowhere" + CLEAR.decode()]):
            clean(f"{what}: brim {command[0]} in a pipe", piped(*command).stdout + piped(*command).stderr)


def whole_lines():
    """A name from a file cannot end a line or rearrange it, on a terminal and in a pipe."""
    marks = {"a line break": b"\nZ@", "a right-to-left override": b"\xe2\x80\xae", "a line separator": b"\xe2\x80\xa8",
             "a right-to-left mark": b"\xe2\x80\x8f", "an isolate": b"\xe2\x81\xa7"}
    with open("text.txt", "w", encoding="ascii") as file:
        file.write("Once upon a time there was a dog. " * 200)
    for what, mark in marks.items():
        clip = (mark + b"Z@")[:5]
        models = {
            "in the name": with_name("name.gguf", (mark + b"Z@")[:4]),
            "in the architecture": patched("arch.gguf", (b"\x05\0\0\0\0\0\0\0llama", b"\x05\0\0\0\0\0\0\0" + clip)),
            "in a key": patched("key.gguf", (KEY, KEY[:10] + clip[:4] + KEY[14:])),
            "in a tensor": patched("tensor.gguf", (b"blk.0.attn_q.weight", b"blk.0." + clip[:4] + b"_q.weight")),
            "in the path": patched(os.fsdecode(b"path" + mark + b"Z@.gguf")),
        }
        for where, model in models.items():
            bench = ["bench", "-m", model, "-p", "4", "-n", "0", "-r", "1", "--no-warmup", "-t", "1", "-o"]
            for command in (["inspect", "-m", model], ["inspect", "--json", "-m", model], ["run", "-v", "-n", "1", "-p", "x", "-m", model],
                            ["chat", "-v", "-n", "1", "-p", "x", "-m", model], ["tokenize", "-p", "x", "-m", model],
                            ["eval", "--prompt-ids", "5,6,7", "-m", model],
                            ["calibrate", "-m", model, "-f", "text.txt", "-o", "out.json", "--windows", "1", "-c", "64"],
                            ["render", "-m", model, "--messages", "text.txt"],
                            ["quantize", model, os.fsdecode(b"out" + mark + b"Z@.gguf"), "q8_0"],
                            [*bench, "md"], [*bench, "csv"], [*bench, "json"], [*bench, "jsonl"]):
                done = piped(*command)
                for stream in (done.stdout, done.stderr):
                    if command[0] in ("run", "chat") and stream is done.stdout:
                        continue  # the model's output
                    check(mark not in stream, f"{what} {where}: brim {command[0]} {command[-1]}: {stream[-300:]!r}")
        rows = piped("bench", "-m", models["in the name"], "-p", "4", "-n", "0", "-r", "1", "--no-warmup", "-o", "md").stdout
        check(rows.count(b"\n|") == 2, f"{what} in the name: the table of bench has other lines: {rows!r}")


def json_keeps_what_it_escapes():
    for text, name in ((b"\xc2\x9b2J", "\x9b2J"), (CLEAR, "\x1b[2J"), (b"\x7f\x7fab", "\x7f\x7fab"),
                       (b"\xe2\x80\xaeb", "\u202eb")):
        report = piped("inspect", "--json", "-m", with_name("name.gguf", text)).stdout
        check(json.loads(report)["name"] == name, f"inspect --json: {json.loads(report)['name']!r} instead of {name!r}")
        check(text not in report, f"inspect --json: {text!r} stands in it as it is")


def tokens():
    # Byte tokens follow <unk>, <s> and </s>: 30 is ESC, 197 0xC2 and 158 0x9B, which make a C1 character together.
    esc = ["--logit-bias", "30+1000", "--temp", "0", "-n", "4", "-p", "x", "-m", TINY]
    for command in (["run"], ["run", "--json"], ["chat"], ["chat", "--json"]):
        clean(f"ESC generated by {command}", shown(*command, *esc))
    seen = shown("run", *esc)
    check("\ufffd".encode() * 4 in seen, f"an ESC that is generated is not shown as U+FFFD: {seen!r}")
    check(piped("run", *esc).stdout == b"\x1b" * 4, "what is generated changes in a pipe")
    clean("C1 in two tokens", shown("tokenize", "--detokenize", "197,158,53,77", "-m", TINY))
    clean("ESC in pieces", shown("tokenize", "--pieces", "-p", "a\x1b[2Jb", "-m", TINY))
    clean("C1 in pieces as JSON", shown("tokenize", "--pieces", "--json", "-p", "a\u009b2Jb", "-m", TINY))
    check(piped("tokenize", "--detokenize", "30,94,53,77", "-m", TINY).stdout == CLEAR, "decoding changes in a pipe")


def templates():
    sources = {
        "raise_exception": "{{ raise_exception('\x1b[2J\u009b2J\u202e') }}",
        "a filter": "{{ x|\x1b[2J }}",
        "a statement": "{% \x1b[2J %}",
        "an attribute": "{{ messages['\x1b[2J'].x.y }}",
        "its text": "\x1b[2J{{ 1 }}",
    }
    with open("messages.json", "w", encoding="utf-8") as file:
        file.write('[{"role": "user", "content": "x"}]')
    for what, source in sources.items():
        with open("evil.jinja", "w", encoding="utf-8") as file:
            file.write(source)
        clean(f"{what} of a template: render", shown("render", "--template-file", "evil.jinja", "--messages", "messages.json"))
        clean(f"{what} of a template: chat",
              shown("chat", "-m", TINY, "-p", "x", "-n", "1", "--chat-template", "evil.jinja"))
    with open("evil.jinja", "w", encoding="utf-8") as file:
        file.write(sources["raise_exception"])
    said = piped("render", "--template-file", "evil.jinja", "--messages", "messages.json").stderr
    check("\u202e".encode() not in said, f"a sentence is reordered by what a template says: {said!r}")


def command_lines():
    evil = "\x1b[2J\u009b2J"
    for command in ([evil], ["run", "--" + evil], ["run", "-m", evil, "-p", "x"], ["chat", "-m", TINY, "-p", "x", "--session", evil + "/x"],
                    ["run", "-m", TINY, "-p", "x", "--stop", "a", "--kv-budget", evil], ["quantize", TINY, "out.gguf", evil],
                    ["run", "-m", TINY, "--prompt-ids", evil], ["eval", "-m", TINY, "-f", evil],
                    ["calibrate", "-m", TINY, "-f", evil, "-o", evil], ["tokenize", "-m", TINY, "-f", evil]):
        clean(f"brim {command!r}", shown(*command))


def at_the_prompt():
    with open("evil.json", "w", encoding="utf-8") as file:
        json.dump([{"role": "\x1b[2J", "content": "x"}], file)
    # libedit echoes typed text; file names here contain no escapes.
    with chat("-n", "2", environment={"TERM": "dumb"}) as screen:
        screen.prompt()
        screen.line("/load evil.json", until=b"message 1")
        screen.line("/load esc.gguf", until=b"esc.gguf is")
        screen.line("/set stop none", until=b"stop is now none")
        screen.type("\x04")
        screen.end()
        clean("/load", screen.seen)


run([metadata, whole_lines, json_keeps_what_it_escapes, tokens, templates, command_lines, at_the_prompt])
