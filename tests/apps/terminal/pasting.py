"""Typed and pasted text arrives unchanged; settings are shown correctly."""
import json
import os
import re

from screen import chat, check, run

BEGIN, END = "\x1b[200~", "\x1b[201~"


def said(screen, name="said.json"):
    """The user's messages in the conversation so far."""
    screen.line("/save " + name, until=b"Saved to")
    with open(name, encoding="utf-8") as file:
        return [message["content"] for message in json.load(file) if message["role"] == "user"]


def quick(**how):
    return chat("-n", "2", "--chat-template", "chatml", **how)


def a_paste_is_one_message():
    pastes = {
        "lines and tabs": "def f(x):\n\treturn x\n\n\tdone",
        "a command in the first line": "/help\nsecond line",
        "quotes": '"""Documentation."""\ndef f(): pass',
        "quotes that stay open": '"""one\ntwo',
        "another script": "für\n日本語\n\U0001f600",
        "many lines": "\n".join(f"{n}\tline {n} of a long text" for n in range(150)),
    }
    for what, text in pastes.items():
        with quick() as screen:
            screen.prompt()
            screen.type(BEGIN + text.replace("\n", "\r") + END)
            screen.say("")
            texts = said(screen)
            check(texts == [text], f"{what}: {texts!r} instead of {[text]!r}")


def a_paste_meets_what_is_typed():
    with quick() as screen:
        screen.prompt()
        screen.type("before " + BEGIN + "one\r\ntwo" + END)
        screen.say(" after")
        screen.say(BEGIN + "one line" + END)
        screen.say("a\ttyped\ttab")
        screen.line(BEGIN + "/set temperature 0.5" + END, until=b"temperature is now 0.5")  # one line: a command
        texts = said(screen)
        check(texts == ["before one\ntwo after", "one line", "a\ttyped\ttab"], repr(texts))


def a_mark_in_pieces():
    with quick() as screen:
        screen.prompt()
        for part in ("\x1b", "[20", "0~one\r", "two\x1b[2", "01", "~"):
            screen.type(part)
        screen.say("")
        texts = said(screen)
        check(texts == ["one\ntwo"], repr(texts))


def paste_mode_ends_with_the_prompt():
    with quick() as screen:
        screen.prompt()
        screen.say("hello")
        screen.type("\x04")
        check(screen.end() == 0, "Ctrl-D is a failure")
        check(screen.seen.count(b"\x1b[?2004h") > 1, "bracketed paste is not asked for")
        check(screen.seen.rfind(b"\x1b[?2004l") > screen.seen.rfind(b"\x1b[?2004h"), "bracketed paste stays on")
    with quick(environment={"TERM": "dumb"}) as screen:
        screen.wait_for(b"> ")
        screen.type("\x04")
        screen.end()
        check(b"\x1b" not in screen.seen, "a dumb terminal is sent escape sequences")


def settings_tell_the_truth():
    with chat("--temp", "0", "-n", "8", "--chat-template", "chatml") as screen:
        screen.prompt()
        screen.say("hello")
        answer = answers(screen)[-1]
        check(len(answer) > 2, f"nothing to stop at: {answer!r}")
        stop = answer[1]
        for line, expected in (
            ("/set stop " + stop, f'stop is now "{stop}"'),
            ("/set stop two words", f'stop is now "{stop}" "two words" (added; /set stop none removes all)'),
            ("/show stop", f'stop "{stop}" "two words": '),
            ("/set logit-bias 5-inf", "logit_bias is now 5-inf"),
            ("/set Logit_Bias 6+1.5", "logit_bias is now 5-inf 6+1.5 (added; /set logit_bias none removes all)"),
            ("/show logit-bias", "logit_bias 5-inf 6+1.5: "),
            ("/set temp 0", "temperature is now 0"),
            ("/show Temperature", "temperature 0: "),
            ("/set system Be brief.", 'system is now "Be brief."'),
            ("/set system none", "system is now none"),
            ("/set logit_bias none", "logit_bias is now none"),
        ):
            screen.line(line)
            check(expected.encode() in screen.seen[-2500:], f"{line}: {expected!r} is not said: {screen.seen[-400:]!r}")
        screen.say("/regen")
        check(answers(screen)[-1] == answer[:1], f"the stop string does not stop: {answers(screen)[-1]!r}")
        screen.line("/set stop none")
        screen.line("/show stop")
        check(b"stop none: " in screen.seen[-400:], f"/show stop: {screen.seen[-400:]!r}")
        screen.say("/regen")
        check(answers(screen)[-1] == answer, f"the stop string stays: {answers(screen)[-1]!r} instead of {answer!r}")


def answers(screen):
    screen.line("/save answers.json", until=b"Saved to")
    with open("answers.json", encoding="utf-8") as file:
        return [message["content"] for message in json.load(file) if message["role"] == "assistant"]


def a_saved_session_keeps_its_settings():
    with chat("--temp", "0.25", "--stop", "xyz", "--session", "kept.ses", "-n", "2") as screen:
        screen.prompt()
        screen.say("hello")
    with chat("--session", "kept.ses", "--stop", "abc") as screen:
        screen.prompt()
        for name, expected in (("temp", b"temperature 0.25: "), ("stop", b'stop "xyz" "abc": '), ("limit", b"limit 2: "),
                               ("seed", b"seed 5: ")):
            screen.line("/show " + name)
            check(expected in screen.seen, f"/show {name}: {screen.seen[-300:]!r}")


def what_show_prints_can_be_set():
    """Every setting: the value as /show spells it, given to /set, is the same value."""
    options = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../engine/api/options.def")
    with open(options, encoding="utf-8") as file:
        keys = re.findall(r'^SESSION_OPTION\("([a-z_.]+)"', file.read(), re.MULTILINE)
    check(len(keys) > 20, f"options.def has only the settings {keys}")
    several = {"stop", "logit_bias"}
    with quick() as screen:
        screen.prompt()

        def shown(key):
            seen = len(screen.seen)
            screen.line("/show " + key)
            found = re.search(key.encode() + rb" (.*?): ", screen.seen[seen:].split(b"\n", 1)[1])
            check(found, f"/show {key}: {screen.seen[seen:]!r}")
            return found[1].decode()

        def said_to(line):
            seen = len(screen.seen)
            screen.line(line)
            return screen.seen[seen:].decode()

        for line, expected in (
            (r'/set stop \n', r'stop is now "\\n"'),  # without quotes: as it is
            ("/set stop none", "stop is now none"),
            (r'/set stop "a\n\"b\\" "\x1b\xff"', r'stop is now "a\n\"b\\" "\x1b\xff" (added'),
            (r'/set system "two\nlines \\n"', r'system is now "two\nlines \\n"'),
            ("/set logit_bias 5-inf 6+1.5", "logit_bias is now 5-inf 6+1.5 (added"),
            ("/set limit 3", "limit is now 3"),
            ('/set temperature "0.5"', "temperature is now 0.5"),
        ):
            check(expected in said_to(line), f"{line}: {expected!r} is not said: {screen.seen[-300:]!r}")
        for key in keys:
            value = shown(key)
            if key in several:
                said_to(f"/set {key} none")
            said_to(f"/set {key} {value}")
            check(shown(key) == value, f"/set {key} {value} makes it {shown(key)}")
        check("limit is now -1" in said_to("/set limit none"), "/set limit none")
        check(re.search(r"seed is now \d+", said_to("/set seed -1")), "/set seed -1")
        for line in ('/set stop "a', '/set stop "a"b', '/set system "a" "b"'):
            check("is not a text in quotes" in said_to(line), f"{line}: {screen.seen[-300:]!r}")


def what_a_command_cannot_do_is_said():
    with quick() as screen:
        screen.prompt()
        for line, expected in (
            ("/set kv-budget 1MiB", b"kv-budget is fixed at the start: leave, and give --kv-budget SIZE to brim chat."),
            ("/show kv.split", b"kv.split is fixed at the start"),
            ("/set -c 5", b"There is no setting"),
            ("/set", b"Usage: /set NAME VALUE"),
            ("/save", b"Usage: /save FILE"),
            ("/exit now", b"/exit takes nothing after it, found 'now'."),
            ("/clear x", b"/clear takes nothing after it"),
            ("/kv x", b"/kv takes nothing after it"),
            ("/save ~/home.json", b"/home.json"),
        ):
            screen.line(line, until=expected)
        check(os.path.exists(os.path.expanduser("~/home.json")), "~ was not replaced")


def a_character_cut_short_leaves_enter_alone():
    with quick() as screen:
        screen.prompt()
        os.write(screen.fd, b"cut \xc3\r")
        screen.wait_for(b"tok/s")
        screen.prompt()
        screen.say("next")
        texts = said(screen)
        check(texts == ["cut \ufffd", "next"], repr(texts))


def help_has_two_names():
    with quick() as screen:
        screen.prompt()
        screen.line("/?")
        check(b"/regen" in screen.seen, "/? is not help")
        check(said(screen) == [], "/? is a message")


run([a_paste_is_one_message, a_paste_meets_what_is_typed, a_mark_in_pieces, paste_mode_ends_with_the_prompt,
     settings_tell_the_truth, a_saved_session_keeps_its_settings, what_show_prints_can_be_set,
     what_a_command_cannot_do_is_said, a_character_cut_short_leaves_enter_alone, help_has_two_names])
