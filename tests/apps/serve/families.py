"""Other clients' interfaces: responses, Anthropic's messages and ollama's, whole, as streams, and when they fail."""
import json

from serving import MESSAGES, check, rest_of, run_cases, serving

CHAT, RESPONSES, MESSAGE = "/v1/chat/completions", "/v1/responses", "/v1/messages"
SETTINGS = {"seed": 7, "ignore_eos": True}
ENDLESS = 1000000  # tokens: more than there is time for


def said_by_chat(server, count=9):
    """What the same request is answered as a chat completion."""
    status, _, answer = server.post(CHAT, {"messages": MESSAGES, "max_tokens": count, **SETTINGS})
    check(status == 200, f"a chat: {status} {answer}")
    return answer["choices"][0]["message"]["content"]


def lines_of(server, path, body):
    """The objects of a stream of ollama's."""
    status, reply, content = server.post(path, body)
    check(status == 200 and reply.getheader("Content-Type") == "application/x-ndjson", f"{path}: {status} {content}")
    return [json.loads(line) for line in content.split(b"\n") if line]


def responses():
    with serving() as server:
        text = said_by_chat(server)
        body = {"input": MESSAGES[0]["content"], "max_output_tokens": 9, **SETTINGS}
        status, _, whole = server.post(RESPONSES, body)
        check(status == 200 and whole["object"] == "response" and whole["id"].startswith("resp_"), f"{status} {whole}")
        check(whole["output"][0]["content"][0]["text"] == text, f"a response {whole}, a chat {text!r}")
        check(whole["status"] == "incomplete" and whole["usage"]["output_tokens"] == 9, f"the end: {whole}")
        _, reply, events = server.open_stream(RESPONSES, input=MESSAGES, messages=None, max_output_tokens=9)
        check(reply.getheader("X-Accel-Buffering") == "no", "a proxy would hold the stream back")
        events += rest_of(reply)
        data = [json.loads(data) for _, data in events]
        check([name for name, _ in events] == [event["type"] for event in data], f"names are not types: {events}")
        check([event["sequence_number"] for event in data] == list(range(len(data))), f"numbers: {events}")
        names = [name for name, _ in events if name != "response.output_text.delta"]
        check(names == ["response.created", "response.in_progress", "response.output_item.added",
                        "response.content_part.added", "response.output_text.done", "response.content_part.done",
                        "response.output_item.done", "response.incomplete"], f"the order: {names}")
        deltas = "".join(event["delta"] for event in data if event["type"] == "response.output_text.delta")
        check(deltas == text == data[-1]["response"]["output"][0]["content"][0]["text"], f"{deltas!r}, a chat {text!r}")


def messages():
    with serving() as server:
        text = said_by_chat(server)
        body = {"model": "tiny", "messages": MESSAGES, "max_tokens": 9, "cache_prompt": False, **SETTINGS}
        status, _, whole = server.post(MESSAGE, body)
        check(status == 200 and whole["type"] == "message" and whole["id"].startswith("msg_"), f"{status} {whole}")
        check(whole["content"] == [{"type": "text", "text": text}], f"a message {whole}, a chat {text!r}")
        check(whole["stop_reason"] == "max_tokens" and whole["usage"]["output_tokens"] == 9, f"the end: {whole}")
        _, _, count = server.post(MESSAGE + "/count_tokens", {"model": "tiny", "messages": MESSAGES})
        check(count == {"input_tokens": whole["usage"]["input_tokens"]}, f"counted {count}, used {whole['usage']}")
        _, _, longer = server.post(MESSAGE + "/count_tokens", {"messages": MESSAGES, "system": "the dog"})
        check(longer["input_tokens"] > count["input_tokens"], f"with a system message: {longer}, without {count}")
        _, reply, events = server.open_stream(MESSAGE + "?beta=true", max_tokens=9)
        events += rest_of(reply)
        data = [json.loads(data) for _, data in events]
        check([name for name, _ in events] == [event["type"] for event in data], f"names are not types: {events}")
        names = [name for name, _ in events if name != "content_block_delta"]
        check(names == ["message_start", "content_block_start", "content_block_stop", "message_delta", "message_stop"],
              f"the order: {names}")
        deltas = "".join(event["delta"]["text"] for event in data if event["type"] == "content_block_delta")
        check(deltas == text, f"streamed {deltas!r}, a chat {text!r}")
        usage = data[0]["message"]["usage"]
        check(usage["cache_read_input_tokens"] > 0, f"nothing was used again: {usage}")
        check(usage["input_tokens"] + usage["cache_read_input_tokens"] == count["input_tokens"], f"{usage}, {count}")
        longer = said_by_chat(server, 60).replace("\ufffd", "")
        letter = next(one for one in longer[1:] if one.isprintable())
        _, _, stopped = server.post(MESSAGE, {**body, "max_tokens": 60, "stop_sequences": [letter]})
        check(stopped["stop_reason"] == "stop_sequence" and stopped["stop_sequence"] == letter, f"a stop: {stopped}")


def ollama():
    with serving() as server:
        text = said_by_chat(server)
        options = {"num_predict": 9, **SETTINGS}
        lines = lines_of(server, "/api/chat", {"model": "tiny:latest", "messages": MESSAGES, "options": options})
        check("".join(line["message"]["content"] for line in lines) == text, f"{lines}, a chat {text!r}")
        check([line["done"] for line in lines] == [False] * (len(lines) - 1) + [True], f"done: {lines}")
        last = lines[-1]
        check(last["done_reason"] == "length" and last["eval_count"] == 9, f"the last line: {last}")
        check(0 < last["prompt_eval_duration"] <= last["total_duration"], f"durations: {last}")
        _, _, whole = server.post("/api/chat", {"messages": MESSAGES, "options": options, "stream": False})
        check(whole["message"] == {"role": "assistant", "content": text}, f"a whole answer: {whole}")
        generate = {"prompt": MESSAGES[0]["content"], "options": options}
        lines = lines_of(server, "/api/generate", generate)
        check("".join(line["response"] for line in lines) == text, f"{lines}, a chat {text!r}")
        _, _, raw = server.post("/api/generate", {**generate, "prompt": "Once upon a time", "raw": True, "stream": False})
        check(raw["response"] == server.completion(max_tokens=9)["choices"][0]["text"], f"a raw prompt: {raw}")
        _, _, loaded = server.post("/api/generate", {"model": "tiny"})
        check(loaded["done_reason"] == "load" and loaded["done"], f"loading: {loaded}")


def models_of_ollama():
    with serving() as server:
        _, _, version = server.request("GET", "/api/version")
        check(isinstance(version["version"], str), f"/api/version: {version}")
        for path in ("/api/tags", "/api/ps"):
            _, _, models = server.request("GET", path)
            check([model["name"] for model in models["models"]] == ["tiny:latest"], f"{path}: {models}")
        for body in ({"model": "tiny"}, {"model": "tiny:latest"}, {"name": "tiny"}):
            status, _, shown = server.post("/api/show", body)
            check(status == 200 and shown["details"]["format"] == "gguf", f"/api/show {body}: {status} {shown}")


def plans():
    with serving("--seats", "3") as server:
        _, _, plan = server.request("GET", "/v1/plan?model=tiny")
        check(plan["seats"] == 3 and plan["kv_budget_bytes"] == 3 * plan["seat"]["kv_budget_bytes"], f"/v1/plan: {plan}")
        check(plan["weight_bytes"] > 0 and plan["seat"]["scratch_bytes"] > 0, f"/v1/plan: {plan}")
        status, _, _ = server.request("GET", "/v1/plan?model=other")
        check(status == 404, f"the plan of another model: {status}")


def form_of(answer):
    """Which client's form an error has."""
    if isinstance(answer["error"], str):
        return "ollama"
    if answer.get("type") == "error":
        return "anthropic" if set(answer["error"]) == {"type", "message"} else "unknown"
    return "openai" if set(answer["error"]) == {"message", "type", "param", "code"} else "unknown"


def errors_by_path():
    with open("keys", "w", encoding="utf-8") as file:
        file.write("a-key\n")
    key = {"Authorization": "Bearer a-key"}
    wrong = {"messages": MESSAGES, "stream": 5, "input": "a", "prompt": "a"}
    with serving("--api-key-file", "keys", "--body-limit", "4096") as server:
        cases = [
            (400, "POST", RESPONSES, wrong, key, "openai"),
            (400, "POST", MESSAGE, wrong, key, "anthropic"),
            (400, "POST", MESSAGE + "/count_tokens", "{", key, "anthropic"),
            (400, "POST", "/api/chat", wrong, key, "ollama"),
            (400, "POST", "/api/generate", {"prompt": "a", "format": "json"}, key, "ollama"),
            (401, "POST", MESSAGE, wrong, {}, "anthropic"),
            (401, "GET", "/api/tags", None, {}, "ollama"),
            (403, "GET", "/api/tags", None, {"Host": "evil.org"}, "ollama"),
            (404, "POST", "/api/pull", {}, key, "ollama"),
            (404, "POST", "/api/chat", {"messages": MESSAGES, "model": "tiny:7b"}, key, "ollama"),
            (404, "POST", MESSAGE, {"messages": MESSAGES, "model": "claude"}, key, "anthropic"),
            (405, "GET", MESSAGE, None, key, "anthropic"),
            (405, "GET", RESPONSES, None, key, "openai"),
            (413, "POST", "/api/chat", {"messages": "a" * 5000}, key, "ollama"),
            (413, "POST", MESSAGE, {"messages": "a" * 5000}, key, "anthropic"),
            (501, "POST", "/v1/rerank", {}, key, "openai"),
        ]
        for status, method, path, body, headers, form in cases:
            found, reply, answer = server.request(method, path, body, headers)
            what = f"{method} {path} {str(body)[:60]}: {found} {answer}, expected {status} in the form of {form}"
            if check(found == status, what):
                check(form_of(answer) == form, what)
                check(reply.getheader("x-should-retry") == "false", f"{what}: it does not say not to try again")


def errors_in_streams():
    with serving("--request-timeout", "1") as server:
        _, reply, _ = server.open_stream(RESPONSES, input="the dog", messages=None, max_output_tokens=ENDLESS)
        events = rest_of(reply)
        check([name for name, _ in events[-2:]] == ["response.failed", "error"], f"a response: {events[-2:]}")
        check(json.loads(events[-1][1])["error"]["code"] == "request_timeout", f"a response: {events[-1]}")
        _, reply, _ = server.open_stream(MESSAGE, max_tokens=ENDLESS)
        name, data = rest_of(reply)[-1]
        check(name == "error" and json.loads(data)["type"] == "error", f"a message: {name} {data}")
        check(json.loads(data)["error"]["type"] == "timeout_error", f"a message: {name} {data}")
        lines = lines_of(server, "/api/chat", {"messages": MESSAGES, "options": {"num_predict": ENDLESS, **SETTINGS}})
        check(len(lines) > 1 and isinstance(lines[-1]["error"], str), f"ollama's last line: {lines[-1]}")


run_cases([responses, messages, ollama, models_of_ollama, plans, errors_by_path, errors_in_streams])
