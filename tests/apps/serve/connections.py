"""Clients that go away, full queues, time limits, signals, and bytes that are not a request."""
import contextlib
import http.client
import json
import random
import signal
import socket

from serving import MESSAGES, check, rest_of, run_cases, serving, until

CHAT = "/v1/chat/completions"
ENDLESS = 1000000  # tokens: more than there is time for


def endless(server):
    """The connection of a request that has the only busy seat, and an answer without an end."""
    connection = server.connect()
    connection.request("POST", CHAT, json.dumps({"messages": MESSAGES, "max_tokens": ENDLESS, "ignore_eos": True}))
    until("the request in its seat", lambda: server.metric("brim_seats_busy") == 1)
    return connection


def a_client_that_goes_away_frees_its_seat():
    with serving("--metrics") as server:
        for whole in (False, True):
            if whole:  # an answer that is sent whole is waited for, and the client goes away meanwhile
                endless(server).sock.close()
            else:
                connection, reply, _ = server.open_stream(max_tokens=ENDLESS)
                reply.close()
                connection.close()
            until("the free seat", lambda: server.metric("brim_seats_busy") == 0)
        until("the count of cancelled requests", lambda: server.metric("brim_requests_failed_total") == 2)
        server.completion()


def aborted_requests_leave_no_seat_busy():
    """Clients that go away at any moment: after a piece of a request, a whole one, or some of its answer."""
    random_numbers = random.Random(29)
    with serving("--metrics", "--seats", "2", "--queue", "4") as server:
        for i in range(200):
            body = json.dumps({"messages": MESSAGES, "max_tokens": ENDLESS, "ignore_eos": True, "stream": i % 2 == 0})
            request = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
            with server.client() as client:
                client.sendall(request[:random_numbers.randrange(1, 2 * len(request))])
                client.setblocking(False)
                for _ in range(random_numbers.randrange(4)):
                    with contextlib.suppress(OSError):  # nothing has come yet
                        client.recv(512)
        until("free seats", lambda: server.metric("brim_seats_busy") == 0 and server.metric("brim_requests_waiting") == 0)
        server.completion()


def a_full_queue_says_when_to_try_again():
    with serving("--metrics", "--seats", "1", "--queue", "0") as server:
        connection = endless(server)
        status, reply, answer = server.post(CHAT, {"messages": MESSAGES})
        check(status == 429 and reply.getheader("Retry-After") == "1", f"a full queue: {status} {answer}")
        check("1 of 1 seats" in answer["error"]["message"], f"the sentence has no numbers: {answer}")
        check(reply.getheader("x-should-retry") is None, "a full queue says that it stays full")
        connection.sock.close()
        until("a free seat", lambda: server.post(CHAT, {"messages": MESSAGES, "max_tokens": 1})[0] == 200)


def an_answer_that_takes_too_long_ends_with_an_error():
    with serving("--request-timeout", "1") as server:
        connection, reply, _ = server.open_stream(max_tokens=ENDLESS)
        name, data = rest_of(reply)[-1]
        check(name == "error" and json.loads(data)["error"]["code"] == "request_timeout", f"the last event: {name} {data}")
        connection.close()
        status, _, answer = server.post(CHAT, {"messages": MESSAGES, "max_tokens": ENDLESS, "ignore_eos": True})
        check(status == 504, f"a whole answer that takes too long: {status} {answer}")


def signals_let_answers_end():
    with serving() as server:
        _, reply, events = server.open_stream(max_tokens=400)
        server.process.send_signal(signal.SIGTERM)
        events += rest_of(reply)
        check(events[-1][1] == "[DONE]", f"the stream was cut: {events[-1]}")
        check(server.process.wait(60) == -signal.SIGTERM, f"it ended with {server.process.returncode}")
    with serving(name="idle") as server:
        idle = server.connect()
        server.request("GET", "/health", connection=idle)
        server.end(signal.SIGINT)
        idle.close()


def a_second_signal_ends_at_once():
    with serving() as server:
        _, reply, _ = server.open_stream(max_tokens=ENDLESS)
        server.process.send_signal(signal.SIGINT)
        until("the end of new connections", lambda: not can_connect(server))
        server.process.send_signal(signal.SIGINT)
        check(server.process.wait(60) == -signal.SIGINT, f"it ended with {server.process.returncode}")
        rest = b""
        try:
            rest = reply.read()
        except http.client.IncompleteRead as cut:
            rest = cut.partial
        except ConnectionError:
            pass
        check(b"[DONE]" not in rest and b"event: error" not in rest, f"the answer had time to end: {rest[-200:]!r}")


def can_connect(server):
    try:
        server.client().close()
        return True
    except ConnectionError:
        return False


def bytes_that_are_not_a_request():
    with serving("--body-limit", "4096") as server:
        head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\n".encode()
        cases = [
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
            (b"GET /health HTTP/9.9\r\nHost: localhost\r\n\r\n", b"400"),
            (b"GET /health HTTP/1.1\r\nHost: localhost\r\nA: " + b"a" * 40000 + b"\r\n\r\n", b"431"),
            (head + b"Content-Length: 5000\r\n\r\n", b"413"),
            (head + b"Content-Length: -5\r\n\r\n", b"400"),
            (head + b"Content-Length: 99999999999999999999\r\n\r\n", b"400"),
            (head + b"Transfer-Encoding: chunked\r\n\r\n2000\r\n" + b"a" * 0x2000 + b"\r\n0\r\n\r\n", b"413"),
            (head + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
            (head + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", b"400"),
            (head + b"Content-Length : 2\r\n\r\n{}", b"400"),
            (head + b"Transfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", b"400"),
            (head + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", b"400"),
            (head.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
            (head + b"Host: evil.example.org\r\nContent-Length: 2\r\n\r\n{}", b"400"),
            (b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n", b"403"),
        ]
        for data, status in cases:
            answer = server.raw(data)
            check(answer.startswith(b"HTTP/1.1 " + status), f"{data[:70]!r}: {answer[:200]!r}, expected {status!r}")
        # What a proxy could take for a body must not be answered as a request.
        hidden = server.raw(head + b"Transfer-Encoding: xchunked\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        check(hidden.startswith(b"HTTP/1.1 400") and hidden.count(b"HTTP/1.1 ") == 1, f"a hidden request: {hidden!r}")
        # Two requests at once are answered in their order; the second one ends the connection.
        two = server.raw(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
                         b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        check(two.count(b"HTTP/1.1 200 OK") == 2 and two.index(b'"ok"') < two.index(b'"list"'), f"two at once: {two!r}")
        old = server.raw(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n")
        check(old.startswith(b"HTTP/1.1 200") and b"Connection: close" in old, f"HTTP/1.0: {old!r}")
        body = json.dumps({"messages": MESSAGES, "max_tokens": 2, "stream": True}).encode()
        old = server.raw(f"POST {CHAT} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        check(b"chunked" not in old and old.endswith(b"data: [DONE]\n\n"), f"a stream for HTTP/1.0: {old!r}")
        asks = head + f"Expect: 100-continue\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        check(server.raw(asks).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"), "Expect: 100-continue")
        silent = [socket.create_connection(("127.0.0.1", server.port), 60) for _ in range(50)]
        status, _, _ = server.request("GET", "/health")
        check(status == 200, f"other clients are no longer served: {status}")
        for client in silent:
            client.close()


run_cases([a_client_that_goes_away_frees_its_seat, aborted_requests_leave_no_seat_busy, a_full_queue_says_when_to_try_again,
           an_answer_that_takes_too_long_ends_with_an_error, signals_let_answers_end, a_second_signal_ends_at_once,
           bytes_that_are_not_a_request])
