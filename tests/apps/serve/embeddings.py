"""Vectors for texts, in OpenAI's form and ollama's: values, order and length, what is refused, clients that go away."""
import base64
import json
import math
import struct

from serving import MESSAGES, check, run_cases, serving, until

EMBEDDINGS, EMBED = "/v1/embeddings", "/api/embed"
DOG, CAT = "the dog", "the cat was on"
ENDLESS = 1000000  # tokens: more than there is time for


def vectors_of(server, given, **members):
    """The vectors of these inputs, in their order, and the reply."""
    status, _, reply = server.post(EMBEDDINGS, {"input": given, **members})
    what = f"embeddings of {str(given)[:60]} {members}: {status} {str(reply)[:300]}"
    if not check(status == 200 and reply["object"] == "list", what):
        return [], reply
    check([one["index"] for one in reply["data"]] == list(range(len(reply["data"]))), f"the order: {reply}")
    return [one["embedding"] for one in reply["data"]], reply


def ids_of(server, text):
    return server.post("/tokenize", {"content": text, "add_special": True})[2]["tokens"]


def vectors():
    with serving("--metrics") as server:
        (dog, cat), reply = vectors_of(server, [DOG, CAT])
        check(reply["model"] == "tiny" and reply["data"][0]["object"] == "embedding", f"the form: {reply}")
        check(len(dog) == len(cat) == 64 and dog != cat, f"two texts: {dog} {cat}")
        for vector in (dog, cat):
            check(abs(math.hypot(*vector) - 1) < 1e-5, f"not of unit length: {vector}")
        dog_ids, cat_ids = ids_of(server, DOG), ids_of(server, CAT)
        count = len(dog_ids) + len(cat_ids)
        check(reply["usage"] == {"prompt_tokens": count, "total_tokens": count}, f"{reply['usage']}, {count} ids")
        check(server.metric("brim_prompt_tokens_total") == count, "the counter of tokens has others than the usage")
        check(vectors_of(server, DOG)[0] == [dog], "alone it has another vector")
        check(vectors_of(server, [CAT, DOG])[0] == [cat, dog], "the vectors are not in the order of the inputs")
        check(vectors_of(server, [dog_ids, cat_ids])[0] == [dog, cat], "the ids of a text have another vector")
        check(vectors_of(server, cat_ids)[0] == [cat], "the ids of one text have another vector")
        encoded = vectors_of(server, [DOG, CAT], encoding_format="base64")[0]
        check([base64.b64decode(text) for text in encoded] == [struct.pack("<64f", *vector) for vector in (dog, cat)],
              f"base64: {encoded}")
        check(vectors_of(server, DOG, pooling="last")[0] == [dog], "the default is not the last token's state")
        mean = vectors_of(server, DOG, pooling="mean")[0][0]
        check(mean != dog and abs(math.hypot(*mean) - 1) < 1e-5, f"the mean: {mean}")
        one = dog_ids[:1]
        check(vectors_of(server, one, pooling="mean") == vectors_of(server, one), "the mean of one token is not it")
        _, head, _ = server.post(EMBEDDINGS, {"input": DOG, "user": "u", "colour": 1})
        check(head.getheader("Brim-Ignored") == "colour", f"Brim-Ignored: {head.getheader('Brim-Ignored')}")
        # Answers are as they were.
        text = server.completion(cache_prompt=False)["choices"][0]["text"]
        vectors_of(server, "Once upon a time")
        check(server.completion()["choices"][0]["text"] == text, "an answer after a vector is another one")


def ollama():
    with serving() as server:
        wanted = vectors_of(server, [DOG, CAT])[0]
        status, _, reply = server.post(EMBED, {"model": "tiny:latest", "input": [DOG, CAT]})
        check(status == 200 and reply["model"] == "tiny" and reply["embeddings"] == wanted, f"{status} {reply}")
        check(reply["prompt_eval_count"] == len(ids_of(server, DOG)) + len(ids_of(server, CAT)), f"counts: {reply}")
        check(reply["total_duration"] > 0 and reply["load_duration"] == 0, f"durations: {reply}")
        _, head, reply = server.post(EMBED, {"input": CAT, "truncate": True, "options": {"num_ctx": 8}})
        check(reply["embeddings"] == wanted[1:], f"one text: {reply}")
        check(head.getheader("Brim-Ignored") == "truncate, options.num_ctx", f"{head.getheader('Brim-Ignored')}")
        for body in ({"input": ["a", ""]}, {"input": ["a", "the dog " * 300], "truncate": True}):
            status, _, reply = server.post(EMBED, body)
            check(status == 400 and reply["error"].startswith("input[1]"), f"{str(body)[:60]}: {status} {reply}")


def refusals():
    long = [5] * 257  # a seat has room for 256
    cases = [
        (400, {}, "input", None),
        (400, {"input": []}, "input", None),
        (400, {"input": ""}, "input", None),
        (400, {"input": ["a", ""]}, "input[1]", None),
        (400, {"input": [[5], []]}, "input[1]", None),
        (400, {"input": [5, "a"]}, "input", "invalid_type"),
        (400, {"input": [[5], [999999999]]}, "input[1]", None),
        (400, {"input": ["a"] * 2049}, "input", None),
        (400, {"input": long}, "input", "context_length_exceeded"),
        (400, {"input": [[5], long]}, "input[1]", "context_length_exceeded"),
        (400, {"input": "a", "dimensions": 3}, "dimensions", "unsupported_parameter"),
        (400, {"input": "a", "encoding_format": "hex"}, "encoding_format", None),
        (400, {"input": "a", "pooling": "max"}, "pooling", None),
        (404, {"input": "a", "model": "other"}, "model", "model_not_found"),
    ]
    with serving("--metrics") as server:
        for status, body, param, code in cases:
            found, head, reply = server.post(EMBEDDINGS, body)
            what = f"{str(body)[:60]}: {found} {str(reply)[:300]}, expected {status}, {param}, {code}"
            if check(found == status, what):
                check((reply["error"]["param"], reply["error"]["code"]) == (param, code), what)
                check(head.getheader("x-should-retry") == "false", f"{what}: it does not say not to try again")
        _, _, reply = server.post(EMBEDDINGS, {"input": long})
        check("257 tokens" in reply["error"]["message"], f"the sentence has no numbers: {reply}")
        check(server.metric("brim_prompt_tokens_total") == 0, "something was computed before an input was refused")
        check(len(vectors_of(server, [5] * 256)[0]) == 1, "a text that just fits was refused")
        status, _, _ = server.request("GET", EMBEDDINGS)
        check(status == 405, f"GET: {status}")


def long_replies():
    with serving("--body-limit", "1024") as server:  # of replies with vectors 4096 bytes are in memory at a time
        five = [[5], [6], [7], [8], [9]]
        status, _, reply = server.post(EMBEDDINGS, {"input": five})
        check(status == 400 and reply["error"]["param"] == "input", f"a reply that is too long: {status} {reply}")
        check("4096" in reply["error"]["message"], f"the sentence has no numbers: {reply}")
        for _ in range(5):  # what was reserved is given back
            check(len(vectors_of(server, five, encoding_format="base64")[0]) == 5, "as base64 it fits")
    with serving() as server:
        wanted = vectors_of(server, [5, 6, 7])[0]
        connection = server.connect()
        for count in (2048, 1):  # a reply above 1 MiB, and its connection is kept for another request
            status, _, reply = server.request("POST", EMBEDDINGS, {"input": [[5, 6, 7]] * count}, connection=connection)
            check(status == 200 and [one["embedding"] for one in reply["data"]] == wanted * count, f"{count}: {status}")
        connection.close()


def full_queues():
    with serving("--metrics", "--seats", "1", "--queue", "0") as server:
        check(len(vectors_of(server, [DOG, CAT, DOG])[0]) == 3, "one seat is not enough for three inputs")
        connection, _, _ = server.open_stream(max_tokens=ENDLESS)
        status, head, reply = server.post(EMBEDDINGS, {"input": [DOG, CAT]})
        check(status == 429 and head.getheader("Retry-After") == "1", f"a full queue: {status} {reply}")
        check(reply["error"]["message"].startswith("input[0]: the queue is full"), f"a full queue: {reply}")
        connection.close()


def a_client_that_goes_away_ends_its_request():
    with serving("--metrics") as server:
        connection = server.connect()
        many = [[5] * 200] * 2048
        connection.request("POST", EMBEDDINGS, json.dumps({"input": many}))
        until("an input in a seat", lambda: server.metric("brim_seats_busy") == 1)
        connection.sock.close()

        def alone():
            """Whether nothing is finished but five answers in a row."""
            before = server.metric("brim_requests_finished_total")
            for _ in range(5):
                server.post("/v1/chat/completions", {"messages": MESSAGES, "max_tokens": 2})
            return server.metric("brim_requests_finished_total") == before + 5

        until("the end of the request", alone)
        check(server.metric("brim_requests_finished_total") < 2048, "all inputs were computed for no client")


run_cases([vectors, ollama, refusals, long_replies, full_queues, a_client_that_goes_away_ends_its_request])
