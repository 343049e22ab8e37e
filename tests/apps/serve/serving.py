"""A server in the background, and requests to it. Every wait has a limit."""
import contextlib
import http.client
import json
import re
import resource
import signal
import socket
import subprocess
import sys
import time

BRIM, TINY = sys.argv[1], sys.argv[2]
LIMIT = 60  # seconds, for anything that takes moments on an idle machine
MESSAGES = [{"role": "user", "content": "the dog was on the cat"}]
failures = []


def check(condition, sentence):
    if not condition:
        failures.append(sentence)
        print("FAILED: " + sentence, flush=True)
    return bool(condition)


def until(what, condition):
    """The first value of condition() that is true; tries a bounded number of times."""
    for _ in range(LIMIT * 20):
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(what + ": it never came")


class UnixConnection(http.client.HTTPConnection):
    """To a server that listens on a Unix socket."""
    def __init__(self, path):
        super().__init__("localhost", timeout=LIMIT)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LIMIT)
        self.sock.connect(self.path)


class Server:
    """`listen`: an address, or unix:PATH; `files`: how many descriptors the server may have, 0: as many as this process."""
    def __init__(self, *options, name="server", listen="127.0.0.1:0", files=0):
        self.log = name + ".log"
        self.path = listen[5:] if listen.startswith("unix:") else ""
        command = [BRIM, "serve", "-m", TINY, "--listen", listen, "--chat-template", "chatml", "--kv-budget", "full", "-t",
                   "2", *options]

        def prepare():
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            if files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                                            preexec_fn=prepare)
        self.port = int(until("the address of " + " ".join(command), self._address).group(1) or 0)

    def said(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def _address(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}: {self.said()}")
        return re.search(r" at (?:http://127\.0\.0\.1:(\d+)/v1|unix:)", self.said())

    def end(self, number=signal.SIGTERM):
        """Sends a signal, by which the server must end."""
        self.process.send_signal(number)
        code = self.process.wait(LIMIT)
        check(code == -number, f"signal {number}: the server ended with {code}: {self.said()}")

    def connect(self):
        if self.path:
            return UnixConnection(self.path)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)

    def request(self, method, path, body=None, headers=None, connection=None):
        """The status, the headers and the parsed body."""
        own = connection or self.connect()
        data = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
        own.request(method, path, data, headers or {})
        reply = own.getresponse()
        content = reply.read()
        if connection is None:
            own.close()
        kind = reply.getheader("Content-Type") or ""
        return reply.status, reply, json.loads(content) if kind == "application/json" and content else content

    def post(self, path, body, headers=None):
        return self.request("POST", path, body, headers)

    def completion(self, **members):
        """A completion of 12 tokens, unless the members say otherwise."""
        body = {"prompt": "Once upon a time", "max_tokens": 12, "seed": 7, "ignore_eos": True, **members}
        status, _, answer = self.post("/v1/completions", body)
        check(status == 200, f"a completion of {members}: {status} {answer}")
        return answer

    def open_stream(self, path="/v1/chat/completions", **members):
        """A stream whose first events have come: its connection, its reply and these events."""
        connection = self.connect()
        body = {"messages": MESSAGES, "seed": 7, "ignore_eos": True, "stream": True, **members}
        connection.request("POST", path, json.dumps(body))
        reply = connection.getresponse()
        check(reply.status == 200, f"a stream of {members}: {reply.status}")
        return connection, reply, [next_event(reply), next_event(reply)]

    def metric(self, name):
        _, _, text = self.request("GET", "/metrics")
        return int(re.search(rf"^{name} (\d+)$", text.decode(), re.M).group(1))

    def raw(self, data):
        """What the server sends for these bytes, until it closes the connection."""
        with self.client() as client:
            with contextlib.suppress(OSError):  # it may have closed before it has got everything
                client.sendall(data)
            return all_of(client)

    def client(self, source="127.0.0.1"):
        """A connection on which bytes can be sent, from this address."""
        return socket.create_connection(("127.0.0.1", self.port), LIMIT, source_address=(source, 0))


def all_of(client):
    """What comes until the other side closes the connection."""
    answer = b""
    with contextlib.suppress(ConnectionError):
        while some := client.recv(65536):
            answer += some
    return answer


def next_event(reply):
    """The next event that is not a comment: its name and its data; None at the end."""
    name, data = "", None
    while True:
        line = reply.readline()
        if not line:
            return None
        line = line.decode().rstrip("\n")
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            data = line[6:]
        elif line == "" and data is not None:
            return name, data


def rest_of(reply):
    events = []
    while (event := next_event(reply)) is not None:
        events.append(event)
    return events


@contextlib.contextmanager
def serving(*options, name="server", **settings):
    server = Server(*options, name=name, **settings)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


def run_cases(cases):
    for case in cases:
        try:
            case()
        except Exception as failure:  # the other cases still say something
            check(False, f"{case.__name__}: {type(failure).__name__}: {failure}")
    sys.exit(1 if failures else 0)
