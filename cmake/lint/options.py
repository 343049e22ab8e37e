"""options.py ROOT [--update]: the documentation and the bindings against engine/api/options.def.

The text between two marks, a line with "options: from engine/api/options.def" and the next line with "options: end", is
generated from the list. For a file whose text differs, a sentence is printed on standard output, and the exit code is 1;
with --update the text is written again.
"""
import ast
import json
import re
import sys
import textwrap
from pathlib import Path

LIST = "engine/api/options.def"
BEGIN, END = "options: from engine/api/options.def", "options: end"
COLUMNS = {
    "MODEL_OPTION": ["key", "type", "default", "flags", "value", "group", "sentence"],
    "FIXED_OPTION": ["key", "type", "default", "flags", "value", "group", "needs", "sentence"],
    "SESSION_OPTION": ["key", "change", "type", "default", "flags", "value", "group", "needs", "sentence"],
}
ENTRY = re.compile(r"^(MODEL_OPTION|FIXED_OPTION|SESSION_OPTION)\(", re.MULTILINE)
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
UNBOUNDED_INTEGER, UNBOUNDED_NUMBER = 2**31 - 1, 1e30  # larger bounds are the type's, and are not documented
WIDTH = 132


def arguments_of(text, start):
    """The arguments of the macro whose opening bracket is before `start`, split at its own commas."""
    arguments, depth, at, begin = [], 0, start, start
    while True:
        if text[at] == '"':
            at = STRING.match(text, at).end()
            continue
        if text[at] in ",)" and depth == 0:
            arguments.append(text[begin:at].strip())
            begin = at + 1
            if text[at] == ")":
                return arguments
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1


def text_of(argument):
    """Adjacent string literals as one text; other words as they are."""
    strings = STRING.findall(argument)
    return "".join(ast.literal_eval(one) for one in strings) if strings and argument.startswith('"') else argument


def range_of(kind):
    """ "1 to 512" for a type with bounds worth telling, else "". """
    name, _, rest = kind.partition("(")
    if name not in ("INTEGER", "NUMBER"):
        return ""
    low, high = [word.strip().rstrip("u)") for word in rest.split(",")[1:]]
    number = float if name == "NUMBER" else int
    if number(high) >= (UNBOUNDED_NUMBER if name == "NUMBER" else UNBOUNDED_INTEGER):
        return ""
    return f"{low} to {high}"


def read_list(root):
    source = (root / LIST).read_text(encoding="utf-8")
    options = []
    for entry in ENTRY.finditer(source):
        columns, values = COLUMNS[entry.group(1)], arguments_of(source, entry.end())
        if len(values) != len(columns):
            sys.exit(f"{LIST}: {values[0]} has {len(values)} columns, expected {len(columns)}: {', '.join(columns)}")
        option = dict(zip(columns, map(text_of, values)))
        option["scope"] = {"M": "model", "F": "creation", "S": "session"}[entry.group(1)[0]]
        option["range"] = range_of(option["type"])
        option["repeatable"] = option["type"].startswith(("TEXTS", "SPECIALS"))
        options.append(option)
    return options


def said(option):
    """The sentence with the range and the default behind it."""
    further = [option["range"]] if option["range"] else []
    further += [f"default: {option['default']}"] if option["default"] else []
    return option["sentence"] + (f" ({'; '.join(further)})" if further else "")


def page_lines(options, group):
    """A table of docs/options.md."""
    yield "| option | meaning | default |"
    yield "|---|---|---|"
    for option in options:
        if option["group"] != group:
            continue
        flags = option["flags"].split(",")
        flags[-1] += f" {option['value']}"
        default = option["default"] if " " in option["default"] or not option["default"] else f"`{option['default']}`"
        meaning = option["sentence"] + (f" ({option['range']})" if option["range"] else "")
        # A pipe would end the cell; a range in angle brackets or an asterisk does not occur.
        cells = [", ".join(f"`{flag}`" for flag in flags), meaning, default]
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells).rstrip() + " |"


def header_lines(options):
    """The comment of brim.h."""
    heads = {
        "model": "Model: given when it is loaded",
        "creation": "Session: given when it is created, and fixed then",
        "session": "Session: given then, or changed later by brim_session_set()",
    }
    for scope, head in heads.items():
        yield f" * {head}"
        for option in options:
            if option["scope"] != scope:
                continue
            lines = textwrap.wrap(said(option), WIDTH - 24, break_long_words=False, break_on_hyphens=False)
            for number, line in enumerate(lines):
                yield f" *   {option['key'] if number == 0 else '':<20}{line}"


def python_name(option):
    return option["key"].replace(".", "_")


def node_name(option):
    return re.sub(r"_([a-z])", lambda match: match.group(1).upper(), python_name(option))


def python_lines(options):
    """bindings/python: keyword → what it does."""
    for name, scopes in (("MODEL_OPTIONS", ["model"]), ("SESSION_OPTIONS", ["creation", "session"])):
        yield f"{name} = {{"
        for option in options:
            if option["scope"] not in scopes:
                continue
            yield f'    "{python_name(option)}": ('
            lines = textwrap.wrap(said(option), WIDTH - 16, break_long_words=False, break_on_hyphens=False, drop_whitespace=False)
            for line in lines:
                yield f"        {json.dumps(line, ensure_ascii=False)}"
            yield "    ),"
        yield "}"
    yield "# Keywords whose key in the library has a dot."
    yield "DOTTED = {"
    for option in options:
        if "." in option["key"]:
            yield f'    "{python_name(option)}": "{option["key"]}",'
    yield "}"


def types_lines(options):
    """bindings/node: the types of options."""
    for name, scopes in (("ModelOptions", ["model"]), ("SessionOptions", ["creation", "session"])):
        yield f"export type {name} = {{"
        for option in options:
            if option["scope"] not in scopes:
                continue
            yield f"  /** {said(option)} */"
            yield f"  {node_name(option)}?: {'Option | Option[]' if option['repeatable'] else 'Option'};"
        yield "};"


def script_lines(options):
    """bindings/node: names that the script needs."""
    names = ", ".join(f'"{node_name(option)}"' for option in options if option["scope"] == "model")
    yield f"const MODEL_OPTIONS = [{names}];"
    yield "const DOTTED = new Map([ // names whose key in the library has a dot"
    for option in options:
        if "." in option["key"]:
            yield f'  ["{node_name(option)}", "{option["key"]}"],'
    yield "]);"


# File → what belongs between its marks, pair by pair.
WRITTEN = {
    "docs/options.md": [
        lambda options, group=group: page_lines(options, group) for group in ("Model", "Memory", "Sampling", "Speculation")
    ],
    "engine/include/brim/brim.h": [header_lines],
    "bindings/python/brim/_option_table.py": [python_lines],
    "bindings/node/index.d.ts": [types_lines],
    "bindings/node/index.js": [script_lines],
}


def written(path, old, makers, options):
    """The file's text as it should be."""
    out, inside, makers = [], False, list(makers)
    for line in old.splitlines():
        if END in line:
            inside = False
        if not inside:
            out.append(line)
        if BEGIN in line:
            if inside or not makers:
                sys.exit(f"{path}: expected {len(WRITTEN[path])} ranges that begin with {BEGIN!r} and end with {END!r}, found more")
            inside = True
            out.extend(makers.pop(0)(options))
    if inside or makers:
        sys.exit(f"{path}: expected {len(WRITTEN[path])} ranges that begin with {BEGIN!r} and end with {END!r}, found fewer")
    return "\n".join(out) + "\n"


def main():
    root, update = Path(sys.argv[1]), "--update" in sys.argv[2:]
    options = read_list(root)
    if len(options) < 30:
        sys.exit(f"{LIST}: only {len(options)} options were read: expected a bracket after each name at the start of its line")
    wrong = 0
    for path, makers in WRITTEN.items():
        old = (root / path).read_text(encoding="utf-8")
        new = written(path, old, makers, options)
        if old == new:
            continue
        if update:
            (root / path).write_text(new, encoding="utf-8")
            continue
        wrong = 1
        rows = zip(old.splitlines() + [""], new.splitlines() + [""])
        line = next((number for number, (is_there, expected) in enumerate(rows, 1) if is_there != expected), 0)
        print(f"{path}:{line}: differs from {LIST}: run bash cmake/lint/options.sh . --update")
    sys.exit(wrong)


main()
