"""What the server answers: models, texts whole and as streams, the same bits as `brim run`, prefixes that are used again."""
import json
import subprocess
import threading

from serving import BRIM, MESSAGES, TINY, check, rest_of, run_cases, serving


def characters(text):
    """Without the marks of bytes that are not characters, of which decoders write different numbers."""
    return text.replace("\ufffd", "")


def models_and_state():
    with serving("--metrics") as server:
        status, _, health = server.request("GET", "/health")
        check((status, health) == (200, {"status": "ok"}), f"/health: {status} {health}")
        _, _, models = server.request("GET", "/v1/models")
        check([model["id"] for model in models["data"]] == ["tiny"], f"/v1/models: {models}")
        check(models["data"][0]["meta"]["context"] == 256, f"/v1/models: {models}")
        status, _, model = server.request("GET", "/v1/models/t%69ny")
        check(status == 200 and model["id"] == "tiny", f"/v1/models/tiny: {status} {model}")
        _, _, props = server.request("GET", "/props")
        check(props["total_slots"] == 4 and props["context"] == 256, f"/props: {props}")
        server.completion()
        _, _, slots = server.request("GET", "/slots")
        check([slot["id"] for slot in slots] == [0, 1, 2, 3] and slots[0]["n_ctx"] == 256, f"/slots: {slots}")
        used = [slot for slot in slots if slot["tokens"] > 0]
        check(len(used) == 1 and 0 < used[0]["kv_bytes"] <= used[0]["kv_budget_bytes"], f"/slots: {slots}")
        check(not any(slot["is_processing"] for slot in slots), f"/slots: {slots}")
        status, reply, text = server.request("GET", "/metrics")
        check(reply.getheader("Content-Type").startswith("text/plain"), "/metrics is not text")
        check(b"\nbrim_seats 4\n" in text, f"/metrics: {text}")
        status, reply, body = server.request("HEAD", "/health")
        check(status == 200 and body == b"" and int(reply.getheader("Content-Length")) > 0, f"HEAD: {status} {body}")


def texts_are_those_of_run():
    run = subprocess.run([BRIM, "run", "-m", TINY, "--kv-budget", "full", "-p", "Once upon a time", "-n", "12", "-s", "7",
                          "--ignore-eos"], stdin=subprocess.DEVNULL, capture_output=True, check=True)
    wanted = characters(run.stdout.decode("utf-8", "replace"))
    with serving() as server:
        answer = server.completion()
        text = answer["choices"][0]["text"]
        check(characters(text) == wanted, f"a completion is not what brim run says: {text!r}, expected {wanted!r}")
        check(answer["choices"][0]["finish_reason"] == "length", f"the limit was not the reason: {answer}")
        check(answer["usage"]["completion_tokens"] == 12, f"usage: {answer}")
        check(answer["usage"]["brim"]["seed"] == 7, f"usage: {answer}")
        check(answer["object"] == "text_completion" and answer["id"].startswith("cmpl-"), f"form: {answer}")
        _, _, ids = server.post("/tokenize", {"content": "Once upon a time", "add_special": True})
        same = server.completion(prompt=ids["tokens"])
        check(same["choices"][0]["text"] == text, "the ids of the prompt gave another text")
        stop = next(one for one in wanted[1:] if one.isprintable())
        stopped = server.completion(stop=[stop])["choices"][0]
        check(stopped["text"] == text[:text.index(stop)] and stopped["finish_reason"] == "stop",
              f"the stop text {stop!r}: {stopped}, of {text!r}")
        whole = server.completion(max_tokens=None)
        check(whole["usage"]["total_tokens"] == 256, f"without a limit: {whole['usage']}")


def prefixes_are_used_again():
    with serving() as server:
        first = server.completion(max_tokens=4)
        again = server.completion(max_tokens=4)
        fresh = server.completion(max_tokens=4, cache_prompt=False)
        cached = [one["usage"]["prompt_tokens_details"]["cached_tokens"] for one in (first, again, fresh)]
        check(cached[0] == 0 and cached[1] > 0 and cached[2] == 0, f"cached tokens: {cached}")
        texts = {one["choices"][0]["text"] for one in (first, again, fresh)}
        check(len(texts) == 1, f"the cache changed a text: {texts}")


def streams():
    with serving() as server:
        body = {"messages": MESSAGES, "max_tokens": 9, "seed": 7, "ignore_eos": True}
        status, _, whole = server.post("/v1/chat/completions", body)
        check(status == 200 and whole["object"] == "chat.completion", f"a chat: {status} {whole}")
        connection, reply, events = server.open_stream(max_tokens=9, stream_options={"include_usage": True})
        check(reply.getheader("Content-Type").startswith("text/event-stream"), "a stream has another type")
        events += rest_of(reply)
        check(all(name == "" for name, _ in events), f"named events: {events}")
        check(events[-1][1] == "[DONE]", f"the last event: {events[-1]}")
        chunks = [json.loads(data) for _, data in events[:-1]]
        check(chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}, f"the first: {chunks[0]}")
        text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks[:-1])
        check(text == whole["choices"][0]["message"]["content"], f"streamed {text!r}, whole {whole}")
        check(chunks[-2]["choices"][0]["finish_reason"] == "length", f"the last but one: {chunks[-2]}")
        check(chunks[-1]["choices"] == [] and chunks[-1]["usage"]["completion_tokens"] == 9, f"usage: {chunks[-1]}")
        # The connection is kept for another request, also after a stream.
        status, _, _ = server.request("GET", "/health", connection=connection)
        check(status == 200, f"a second request on the connection of a stream: {status}")
        _, plain, events = server.open_stream("/v1/completions", prompt="Once", messages=None, max_tokens=3)
        events += rest_of(plain)
        check(events[-1][1] == "[DONE]", f"a stream of a completion: {events}")
        check(all(json.loads(data)["choices"] for _, data in events[:-1]), "an event has empty choices")


def answers_do_not_depend_on_the_load():
    with serving("--seats", "3") as server:
        asked = [dict(seed=seed, max_tokens=40, cache_prompt=False, prompt="the dog " * (1 + seed)) for seed in range(8)]
        alone = [server.completion(**members)["choices"][0]["text"] for members in asked]
        together = [None] * len(asked)

        def ask(i):
            together[i] = server.completion(**asked[i])["choices"][0]["text"]

        threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(asked))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        check(together == alone, f"together {together}, alone {alone}")


def tokens_and_templates():
    with serving() as server:
        _, _, tokens = server.post("/tokenize", {"content": "the dog"})
        _, _, text = server.post("/detokenize", tokens)
        check(text["content"].strip() == "the dog", f"there and back: {tokens} {text}")
        status, _, prompt = server.post("/apply-template", {"messages": MESSAGES})
        check(status == 200 and MESSAGES[0]["content"] in prompt["prompt"], f"/apply-template: {status} {prompt}")
        _, _, answer = server.post("/v1/chat/completions", {"messages": MESSAGES, "max_tokens": 1})
        check(answer["usage"]["prompt_tokens"] == len(prompt["tokens"]), f"{prompt}, {answer}")
        started = MESSAGES + [{"role": "assistant", "content": "the cat was on"}]
        _, _, longer = server.post("/apply-template", {"messages": started})
        check(longer["prompt"].startswith(prompt["prompt"]) and longer["prompt"].endswith("the cat was on"),
              f"a started answer: {longer}, before it {prompt}")
        _, _, answer = server.post("/v1/chat/completions", {"messages": started, "max_tokens": 1})
        check(answer["usage"]["prompt_tokens"] == len(longer["tokens"]), f"{longer}, {answer}")


run_cases([models_and_state, texts_are_those_of_run, prefixes_are_used_again, streams, answers_do_not_depend_on_the_load,
           tokens_and_templates])
