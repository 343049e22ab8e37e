"""Signals at the prompt and during an answer, and the content of the file of --session afterwards."""
import json
import os
import re
import resource
import signal
import subprocess
import termios

from screen import BRIM, TINY, LIMIT, Screen, chat, check, piped, run

COOKED = termios.ICANON | termios.ECHO
ENDLESS = ["-n", "-1", "--logit-bias", "1-inf", "--logit-bias", "2-inf"]


def fresh(name="talk.ses"):
    if os.path.exists(name):
        os.remove(name)
    return name


def tokens_in(session):
    """The number of tokens in a saved session."""
    said = piped("chat", "-v", "-m", TINY, "--session", session, "-p", "x", "-n", "1").stderr
    found = re.search(rb"Going on from \S+: ([0-9,]+) tokens", said)
    check(found, f"{session} cannot be gone on from: {said!r}")
    return int(found.group(1).replace(b",", b""))


def age(path):
    """Gives a file a time that lets is_aged() detect that it was not written since: the clock of files is too coarse
    for that."""
    os.utime(path, ns=(0, 0))


def is_aged(path):
    return os.stat(path).st_mtime_ns == 0


def saved_after_every_answer():
    session = fresh()
    with chat("-n", "3", "--session", session) as screen:
        screen.prompt()
        screen.say("hello")
        check(os.path.exists(session), "the session is not saved after an answer")
        age(session)
        screen.line("/show")
        check(is_aged(session), "the session is written though nothing changed")
        screen.line("/set temperature 0.5")
        check(not is_aged(session), "a setting that changed is not saved")
        age(session)
        screen.type("\x04")
        check(screen.end() == 0, "Ctrl-D is a failure")
        check(is_aged(session), "the session is written again though nothing changed")


def ended_at_the_prompt():
    for number in (signal.SIGTERM, signal.SIGHUP):
        session = fresh()
        with chat("-n", "3", "--session", session) as screen:
            screen.prompt()
            check(screen.modes() & COOKED != COOKED, "the prompt does not edit lines")
            os.kill(screen.pid, number)
            check(screen.end() == -number, f"{number.name} at the prompt does not end the program by that signal")
            check(screen.modes() & COOKED == COOKED, f"{number.name} leaves the terminal raw")
            check(screen.seen.rstrip().endswith(b"\x1b[?2004l"), f"{number.name} leaves bracketed paste on: {screen.seen[-60:]!r}")
            check(os.path.exists(session), f"{number.name}: the session is not saved")
    with chat("-n", "3") as screen:
        screen.prompt()
        os.kill(screen.pid, signal.SIGQUIT)
        check(screen.end() == -signal.SIGQUIT, "SIGQUIT does not end the program")
        check(screen.modes() & COOKED == COOKED, "SIGQUIT leaves the terminal raw")


def ended_alone():
    """The parent is in the same process group and must not be sent the signal too."""
    script = ('trap "echo PARENT GOT IT" TERM HUP QUIT; '
              'sh -c \'echo "PID $$"; exec "$0" chat -m "$1" -n 3\' "$0" "$1"; echo "CODE $?"')
    with Screen(["/bin/sh", "-c", script, BRIM, TINY]) as screen:
        screen.wait_for(re.compile(rb"PID (\d+)"))
        pid = int(re.search(rb"PID (\d+)", screen.seen).group(1))
        screen.prompt()
        os.kill(pid, signal.SIGTERM)
        screen.wait_for(b"CODE 143")
        screen.end()
        check(b"PARENT GOT IT" not in screen.seen, "SIGTERM went to the whole process group")


def ended_during_an_answer():
    for number in (signal.SIGTERM, signal.SIGHUP):
        session = fresh()
        with chat(*ENDLESS, "--session", session) as screen:
            screen.prompt()
            screen.type("go on\r")
            screen.wait_for(re.compile(rb"go on\r\n.{40}", re.DOTALL))
            os.kill(screen.pid, number)
            os.kill(screen.pid, number)  # timeout(1) and closing terminals send two
            check(screen.end() == -number, f"{number.name} during an answer")
        check(tokens_in(session) > 10, f"{number.name}: the answer so far is not saved")


def hung_up():
    session = fresh()
    with chat("-n", "3", "--session", session) as screen:
        screen.prompt()
        screen.say("hello")
        screen.line("/set temperature 0.25")
        screen.type("/clear\r")
        screen.prompt()
        screen.hang_up()
        check(screen.end() == -signal.SIGHUP, "a terminal that closes does not end the program")
    check(os.path.exists(session), "the session is not saved")


def one_shot():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        session = fresh()
        with Screen([BRIM, "chat", "-m", TINY, "-p", "go on", "--session", session, *ENDLESS]) as screen:
            screen.wait_for(re.compile(rb".{40}", re.DOTALL))
            os.kill(screen.pid, number)
            check(screen.end() == -number, f"{number.name} in one-shot mode")
        check(tokens_in(session) > 10, f"{number.name} in one-shot mode: the answer so far is not saved")
    session = fresh()  # a process that stops reading the output
    child = subprocess.Popen([BRIM, "chat", "-m", TINY, "-p", "go on", "--session", session, *ENDLESS],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    child.stdout.read(20)
    child.stdout.close()
    said = child.stderr.read()
    check(child.wait(LIMIT) == -signal.SIGPIPE and not said, f"a closed pipe: {child.returncode}, {said!r}")
    check(tokens_in(session) > 10, "a closed pipe: the answer so far is not saved")


def an_unwritable_path_is_said_first():
    os.makedirs("folder", exist_ok=True)
    with open("damaged.gguf", "wb") as file:
        file.write(b"not a model")
    for path in ("nowhere/talk.ses", "folder", "/dev/full"):
        done = piped("chat", "-m", "damaged.gguf", "-p", "x", "--session", path)
        check(done.returncode in (1, 2) and path.encode() in done.stderr and b"damaged.gguf" not in done.stderr,
              f"--session {path} is not refused before the model is loaded: {done!r}")
        check(not done.stdout and done.stderr.count(b"\n") == 1, repr(done))
    with open("kept.ses", "wb") as file:
        file.write(b"kept")
    before, names = os.stat("kept.ses"), sorted(os.listdir("."))
    piped("chat", "-m", "damaged.gguf", "-p", "x", "--session", "kept.ses")
    after = os.stat("kept.ses")
    check((before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns), "the check touches the file")
    check(sorted(os.listdir(".")) == names, "the check leaves a file")


def files_at_their_largest_size():
    before = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    with chat("-n", "3", "--session", fresh(), before=before) as screen:
        check(screen.end() == 1, "a session that never fits is not a failure")
        check(b"talk.ses" in screen.seen and b"RLIMIT_FSIZE" in screen.seen and b"Write a message" not in screen.seen,
              f"a session that never fits is not said first: {screen.seen!r}")
    with chat("-n", "3", "--chat-template", "chatml", before=before) as screen:
        screen.prompt()
        screen.say("hello")
        for name in ("here.ses", "here.json"):
            screen.line("/save " + name, until=name.encode())
            check(not os.path.exists(name), f"/save {name} leaves a part")
        check(screen.seen.count(b"RLIMIT_FSIZE") >= 2, f"no sentence: {screen.seen[-400:]!r}")
        screen.type("\x04")
        check(screen.end() == 0, "what /save could not write ends the program with a failure")
    before = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
    with chat("-n", "3", "--chat-template", "chatml", "--session", fresh(), before=before) as screen:
        screen.prompt()
        screen.line("hello " * 30, until=b"RLIMIT_FSIZE")  # an error instead of a saved session
        screen.type("\x04")
        check(screen.end() == 1, "a session that cannot be saved is not a failure")


def not_stopped_without_job_control():
    with chat("-n", "3", "--chat-template", "chatml") as screen:  # a session leader: no other process could continue it
        screen.prompt()
        screen.type("before")
        screen.wait_for(b"before")
        screen.type("\x1a")  # the terminal itself drops typed text that was not read yet
        screen.wait_for(b"\x1b[?2004h")
        screen.say(" after")
        screen.line("/save said.json", until=b"Saved to")
        with open("said.json", encoding="utf-8") as file:
            check(json.load(file)[0]["content"] == "before after", "Ctrl-Z changed the line")
        check(screen.modes() & COOKED != COOKED, "the prompt no longer edits lines")


def stopped_by_a_shell():
    with Screen(["/bin/bash", "--norc", "--noprofile", "-i"], {"PS1": "shell$ ", "HISTFILE": "/dev/null"}) as screen:
        screen.wait_for(b"shell$ ")
        screen.type(f"'{BRIM}' chat -m '{TINY}' -n 3 --chat-template chatml\r")
        screen.prompt()
        screen.type("be")
        screen.wait_for(b"be")
        screen.type("\x1a")
        screen.wait_for(b"Stopped")
        screen.wait_for(b"shell$ ")
        check(b"\x1b[?2004l" in screen.seen, "bracketed paste stays on while stopped")
        screen.type("fg\r")
        screen.wait_for(b"> be")
        screen.say("fore")
        screen.line("/save said.json", until=b"Saved to")
        with open("said.json", encoding="utf-8") as file:
            check(json.load(file)[0]["content"] == "before", "the line was lost while stopped")
        screen.type("\x04")
        screen.wait_for(b"shell$ ")
        screen.type("exit\r")
        screen.end()


def a_window_that_changes():
    with chat("-n", "3") as screen:
        screen.prompt()
        screen.type("hel")
        screen.wait_for(b"hel")
        os.kill(screen.pid, signal.SIGWINCH)
        screen.wait_for(b"> hel")
        screen.type("lo\r")
        screen.wait_for(b"tok/s")


run([saved_after_every_answer, ended_at_the_prompt, ended_alone, ended_during_an_answer, hung_up, one_shot,
     an_unwritable_path_is_said_first, files_at_their_largest_size, not_stopped_without_job_control, stopped_by_a_shell, a_window_that_changes])
