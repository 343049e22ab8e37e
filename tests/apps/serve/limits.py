"""What bounds the server: slow and many clients, descriptors, the Unix socket, wake-ups of an idle server."""
import contextlib
import glob
import os
import re
import signal
import socket
import stat
import subprocess
import time

from serving import BRIM, TINY, UnixConnection, all_of, check, run_cases, serving, until

HELD = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"
HERE = 256 - 64  # connections that one address of this machine gets


def held(server, source="127.0.0.1"):
    """A connection whose request the server waits for, and what it has got: 100, or why not."""
    client = server.client(source)
    answer = b""
    with contextlib.suppress(ConnectionError):
        client.sendall(HELD)
        answer = client.recv(65536)
    return client, answer


def wakes(process):
    """How often its threads have waited for something."""
    count = 0
    for path in glob.glob(f"/proc/{process.pid}/task/*/status"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(path, encoding="ascii") as file:
            count += int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", file.read(), re.M).group(1))
    return count


def slow_clients_get_an_answer_and_an_idle_server_sleeps():
    with serving() as server, serving(name="idle") as idle:
        slow = []
        for data in (b"GET /hea", HELD[:-2], HELD.replace(b"Expect: 100-continue\r\n", b"") + b"{"):
            slow.append(server.client())
            slow[-1].sendall(data)
        idle.request("GET", "/health")
        status, _, _ = server.request("GET", "/health")
        check(status == 200, f"beside slow clients: {status}")
        begin, before = time.monotonic(), wakes(idle.process)
        for client in slow:  # the server's patience ends, and no sooner than the seconds that it grants
            answer = all_of(client)
            check(answer.startswith(b"HTTP/1.1 408"), f"a slow request: {answer!r}")
            client.close()
        seconds = time.monotonic() - begin
        count = wakes(idle.process) - before
        check(count < max(seconds, 1), f"an idle server woke {count} times in {seconds:.1f} s")


def ended(client):
    with contextlib.suppress(ConnectionError):
        return client.recv(1) == b""
    return True


def silent_clients_make_room_for_others():
    with serving() as server:
        silent = []
        for left in range(299, -1, -1):
            silent.append(server.client())
            with contextlib.suppress(OSError):  # the beginning of a head is as good as nothing
                silent[-1].sendall(b"GET /hea" if left > 0 else b"")
        status, _, _ = server.request("GET", "/health")
        check(status == 200, f"beside 300 silent clients: {status}")
        check(ended(silent[0]), "the client that was silent longest is still connected")
        silent[-1].sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = all_of(silent[-1])
        check(answer.startswith(b"HTTP/1.1 200"), f"the last of the silent clients: {answer!r}")
        for client in silent:
            client.close()


def an_address_cannot_take_every_place():
    with serving() as server:
        clients = []
        for i in range(HERE):
            client, answer = held(server)
            clients.append(client)
            if not check(answer.startswith(b"HTTP/1.1 100"), f"connection {i}: {answer!r}"):
                return
        client, answer = held(server)
        clients.append(client)
        check(answer.startswith(b"HTTP/1.1 503") and b"Retry-After: 1" in answer, f"one too many: {answer!r}")
        client, answer = held(server, "127.0.0.2")
        clients.append(client)
        check(answer.startswith(b"HTTP/1.1 100"), f"another address: {answer!r}")
        clients[0].sendall(b"0123456789")
        answer = clients[0].recv(65536)
        check(answer.startswith(b"HTTP/1.1 4"), f"a request that has its place: {answer!r}")
        for client in clients:
            client.close()
        until("room", lambda: held(server)[1].startswith(b"HTTP/1.1 100"))


def without_descriptors_clients_get_an_answer():
    with serving(files=64) as server:
        clients, answer = [], b"HTTP/1.1 100"
        while answer.startswith(b"HTTP/1.1 100") and len(clients) < 100:
            client, answer = held(server)
            clients.append(client)
        check(answer.startswith(b"HTTP/1.1 503"), f"connection {len(clients)} of 64 descriptors: {answer!r}")
        check(len(clients) > 10, f"only {len(clients)} connections have 64 descriptors")
        clients[0].sendall(b"0123456789")
        answer = clients[0].recv(65536)
        check(answer.startswith(b"HTTP/1.1 4"), f"a request that has its descriptor: {answer!r}")
        for client in clients:
            client.close()
        until("a free descriptor", lambda: held(server)[1].startswith(b"HTTP/1.1 100"))


def refusal(*options):
    """The sentence with which a server does not start."""
    run = subprocess.run([BRIM, "serve", "-m", TINY, *options], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    check(run.returncode == 2, f"{options}: exit code {run.returncode}")
    text = run.stderr.decode()
    check(text.startswith("brim: ") and text.count("\n") == 1, f"{options}: not one sentence: {text}")
    return text


def a_unix_socket_is_private_and_replaced_where_it_is_dead():
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind("socket")
    with serving(listen="unix:socket") as server:
        mode = stat.S_IMODE(os.stat("socket").st_mode)
        check(mode == 0o600, f"the mode of the socket: {mode:o}")
        server.completion()
        sentence = refusal("--listen", "unix:socket")
        check("another server listens there" in sentence, sentence)
        server.completion()
        server.end()
        check(not os.path.exists("socket"), "the socket is still there")
    with open("file", "wb"):
        pass
    sentence = refusal("--listen", "unix:none/socket", "--memory", "1MiB")
    check("the folder has to exist" in sentence, f"not before models are looked at: {sentence}")
    sentence = refusal("--listen", "unix:file")
    check("not a socket" in sentence and os.path.exists("file"), sentence)


def an_address_in_use_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as other:
        sentence = refusal("--listen", f"127.0.0.1:{other.getsockname()[1]}")
    check("another program listens there" in sentence, sentence)


def standard_streams_may_be_closed():
    def prepare():
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        for descriptor in range(3):
            os.close(descriptor)

    process = subprocess.Popen([BRIM, "serve", "-m", TINY, "--listen", "unix:closed", "-t", "1", "--log-requests", "meta"],
                               preexec_fn=prepare)

    def health():
        connection = UnixConnection("closed")
        with contextlib.suppress(FileNotFoundError, ConnectionError):
            connection.request("GET", "/health")
            return connection.getresponse().status
        return 0

    try:
        check(until("an answer", health) == 200, "without standard streams")
        process.send_signal(signal.SIGTERM)
        check(process.wait(60) == -signal.SIGTERM, f"it ended with {process.returncode}")
    finally:
        process.kill()
        process.wait()


run_cases([slow_clients_get_an_answer_and_an_idle_server_sleeps, silent_clients_make_room_for_others,
           an_address_cannot_take_every_place, without_descriptors_clients_get_an_answer,
           a_unix_socket_is_private_and_replaced_where_it_is_dead, an_address_in_use_is_one_sentence,
           standard_streams_may_be_closed])
