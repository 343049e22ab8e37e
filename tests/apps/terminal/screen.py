"""A program on a pseudo-terminal: what it shows, what is typed, how it ends. Every wait has a limit and fails with a
message."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

BRIM, TINY = sys.argv[1:3] if len(sys.argv) > 2 else ("", "")
LIMIT = 30  # seconds for one wait: never reached unless something is wrong
PROMPT = re.compile(rb"(?:^|[\r\n])(?:\x1b\[[0-9;?]*[a-zA-Z])*> ")


class Failed(Exception):
    pass


def check(condition, what):
    if not condition:
        raise Failed(what)


class Screen:
    """`arguments` run as a session leader with the terminal; `before`, called in the child, prepares it."""

    def __init__(self, arguments, environment=None, before=None):
        self.seen = b""
        self.mark = 0  # text shown before this place is not waited for
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.environ.update({"TERM": "xterm", "BRIM_HISTORY": "", "NO_COLOR": "1", **(environment or {})})
                if before:
                    before()
                os.execv(arguments[0], arguments)
            finally:
                os._exit(127)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 100, 0, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if self.fd >= 0:
            os.close(self.fd)

    def _read(self, seconds):
        """Returns False at the end of the program's output."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.seen += data
        return bool(data)

    def type(self, keys):
        """Types while reading the output: a full screen must not stop a long paste."""
        keys = keys.encode() if isinstance(keys, str) else keys
        end = time.monotonic() + LIMIT
        while keys:
            check(time.monotonic() < end, "the program reads no keys")
            _, writable, _ = select.select([], [self.fd], [], 0.05)
            if writable:
                keys = keys[os.write(self.fd, keys[:512]):]
            self._read(0)

    def wait_for(self, pattern):
        """Waits until `pattern` (bytes, or a compiled expression) is shown after what was waited for last."""
        end = time.monotonic() + LIMIT
        more = True
        while True:
            if isinstance(pattern, bytes):
                at = self.seen.find(pattern, self.mark)
                found = at + len(pattern) if at >= 0 else -1
            else:
                match = pattern.search(self.seen, self.mark)
                found = match.end() if match else -1
            if found >= 0:
                self.mark = found
                return
            check(more and time.monotonic() < end, f"not shown: {pattern!r}; shown last: {self.seen[-300:]!r}")
            more = self._read(0.1)

    def prompt(self):
        self.wait_for(PROMPT)

    def line(self, keys, until=b""):
        """Types a line and Enter, and waits for the next prompt; the output before it must show `until`."""
        self.type(keys + "\r")
        self.wait_for(until)
        self.prompt()

    def say(self, keys):
        """Types a message and waits for its answer. Long lines are drawn several times, so waiting for the prompt alone
        is not enough."""
        self.line(keys, until=b"tok/s")

    def modes(self):
        return termios.tcgetattr(self.fd)[3]

    def end(self):
        """Waits for the program's end and returns its exit code, or minus the signal that ended it."""
        limit = time.monotonic() + LIMIT
        while time.monotonic() < limit:
            if self.fd >= 0:
                self._read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                while self.fd >= 0 and select.select([self.fd], [], [], 0)[0] and self._read(0):
                    pass
                return os.waitstatus_to_exitcode(status)
        raise Failed(f"the program goes on; shown last: {self.seen[-300:]!r}")

    def hang_up(self):
        os.close(self.fd)
        self.fd = -1


def chat(*options, **how):
    return Screen([BRIM, "chat", "-m", TINY, "--seed", "5", "-t", "1", *options], **how)


def shown(*arguments):
    """Everything that a command shows on a terminal."""
    with Screen([BRIM, *arguments]) as screen:
        screen.end()
        return screen.seen


def piped(*arguments):
    return subprocess.run([BRIM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, check=False)


def patched(name, *changes):
    """A copy of the tiny model in which some bytes are replaced by the same number of other bytes."""
    with open(TINY, "rb") as file:
        data = file.read()
    for before, after in changes:
        check(len(before) == len(after) and before in data, f"{before!r} cannot become {after!r}")
        data = data.replace(before, after)
    with open(name, "wb") as file:
        file.write(data)
    return name


def run(cases):
    failures = 0
    for case in cases:
        try:
            case()
        except (Failed, OSError, subprocess.TimeoutExpired) as failure:
            failures += 1
            print(f"FAILED: {case.__name__}: {failure}")
    sys.exit(1 if failures else 0)
