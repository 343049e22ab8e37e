"""What the server refuses, with which status, and that its sentence names what is wrong."""
from serving import MESSAGES, check, run_cases, serving

CHAT = "/v1/chat/completions"


def refused(server, status, path, body, param=None, method="POST", headers=None):
    found, reply, answer = server.request(method, path, body, headers)
    what = f"{method} {path} {str(body)[:80]} {headers}"
    if not check(found == status, f"{what}: {found}, expected {status}: {answer}"):
        return reply
    check(set(answer["error"]) == {"message", "type", "param", "code"}, f"{what}: {answer}")
    if param is not None:
        check(answer["error"]["param"] == param, f"{what}: {answer}")
    if status != 429:
        check(reply.getheader("x-should-retry") == "false", f"{what}: it does not say that it is of no use to try again")
    return reply


def bodies():
    with serving() as server:
        refused(server, 400, CHAT, "{")
        refused(server, 400, CHAT, b'{"messages": "\xff"}')
        refused(server, 400, CHAT, "[" * 100000)
        refused(server, 400, CHAT, [])
        refused(server, 400, CHAT, {}, "messages")
        refused(server, 400, CHAT, {"messages": MESSAGES, "temperature": "hot"}, "temperature")
        refused(server, 400, CHAT, {"messages": MESSAGES, "tools": [{}]}, "tools")
        refused(server, 400, CHAT, {"messages": MESSAGES, "response_format": {"type": "json_object"}}, "response_format")
        refused(server, 400, CHAT, {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
                "messages[0].content[0].type")
        refused(server, 400, CHAT, {"messages": MESSAGES, "logit_bias": {"999999999": 1}}, "logit_bias")
        refused(server, 400, "/v1/completions", {"prompt": [999999999]})
        refused(server, 404, CHAT, {"messages": MESSAGES, "model": "gpt"}, "model")
        refused(server, 400, "/detokenize", {"tokens": [999999999]}, "tokens")
        refused(server, 400, "/tokenize", {"content": 5}, "content")
        _, reply, _ = server.post(CHAT, {"messages": MESSAGES, "max_tokens": 1, "colour": 1, "x\r\ny": 2, "seed": 1})
        check(reply.getheader("Brim-Ignored") == "colour, +1", f"Brim-Ignored: {reply.getheader('Brim-Ignored')}")
        status, _, _ = server.request("GET", "/health")
        check(status == 200, "the server no longer answers")


def paths():
    with serving() as server:
        refused(server, 404, "/nothing", None, method="GET")
        refused(server, 404, "/metrics", None, method="GET")  # not turned on
        refused(server, 404, "/v1/models/other", None, "model", method="GET")
        refused(server, 404, "/v1/models/..%2f..%2fetc%2fpasswd", None, "model", method="GET")
        refused(server, 400, "/v1/models/%zz", None, method="GET")
        refused(server, 404, "/v1/models/t%2569ny", None, "model", method="GET")  # decoded once: t%69ny
        refused(server, 404, "/v1/models/../../health", None, "model", method="GET")
        refused(server, 404, "/%68ealth", None, method="GET")
        refused(server, 404, "/../../etc/passwd", None, method="GET")
        refused(server, 405, CHAT, None, method="GET")
        refused(server, 405, "/health", "{}")


def names():
    with serving("--allow-origin", "https://example.org", "--allow-host", "brim.example.org") as server:
        for host in ("evil.example.org", "localhost.evil.org", ""):
            refused(server, 403, "/health", None, method="GET", headers={"Host": host})
        for origin in ("https://evil.org", "null", "http://localhost:1"):
            refused(server, 403, CHAT, {"messages": MESSAGES}, headers={"Origin": origin})
        status, reply, _ = server.request("GET", "/health", headers={"Host": "brim.example.org:443",
                                                                     "Origin": "https://example.org"})
        check(status == 200, f"an allowed host and origin: {status}")
        check(reply.getheader("Access-Control-Allow-Origin") == "https://example.org", "the page may not see the answer")
        status, reply, _ = server.request("OPTIONS", CHAT, headers={
            "Origin": "https://example.org", "Access-Control-Request-Headers": "authorization"})
        check(status == 204 and reply.getheader("Vary") == "Origin", f"OPTIONS: {status} {reply.getheaders()}")
        refused(server, 403, CHAT, None, method="OPTIONS", headers={"Origin": "https://evil.org"})
        refused(server, 403, CHAT, None, method="OPTIONS")


def keys():
    with open("keys", "w", encoding="utf-8") as file:
        file.write("# who may ask\nfirst-key\nsecond-key\n")
    first, second = {"Authorization": "Bearer first-key"}, {"x-api-key": "second-key"}
    with serving("--api-key-file", "keys", "--log-requests", "meta") as server:
        status, _, _ = server.request("GET", "/health")
        check(status == 200, f"/health without a key: {status}")
        refused(server, 401, "/v1/models", None, method="GET")
        refused(server, 401, CHAT, {"messages": MESSAGES}, headers={"Authorization": "Bearer other-key"})
        body = {"messages": MESSAGES, "max_tokens": 2, "seed": 1}
        cached = []
        for key in (first, second, first):
            status, _, answer = server.post(CHAT, body, key)
            check(status == 200, f"with a key: {status} {answer}")
            cached.append(answer["usage"]["prompt_tokens_details"]["cached_tokens"])
        check(cached[:2] == [0, 0] and cached[2] > 0, f"text was used again between keys, or not at all: {cached}")
        said = server.said()
        check("'POST' '/v1/chat/completions' 200" in said, f"--log-requests meta: {said}")
        check("the dog" not in said and "first-key" not in said, f"the log has a text or a key: {said}")


def page():
    """The page's files need no key, and are not there with --no-page."""
    with open("page.keys", "w") as file:
        file.write("page-key\n")
    with serving("--api-key-file", "page.keys") as server:
        for path, kind in [("/", "text/html"), ("/page.js", "text/javascript"), ("/licenses", "text/plain")]:
            connection = server.connect()
            connection.request("GET", path)
            reply = connection.getresponse()
            content = reply.read()
            check(reply.status == 200 and content, f"{path}: {reply.status}")
            check(reply.getheader("Content-Type").startswith(kind), f"{path}: {reply.getheader('Content-Type')}")
            check("default-src 'self'" in reply.getheader("Content-Security-Policy"), f"{path}: no policy")
            connection.request("GET", path, headers={"If-None-Match": reply.getheader("ETag")})
            again = connection.getresponse()
            check(again.status == 304 and again.read() == b"", f"{path}: {again.status} where it is known")
            connection.close()
        refused(server, 405, "/", "{}")
        refused(server, 403, "/", None, method="GET", headers={"Host": "example.org"})
        refused(server, 401, "/v1/models", None, method="GET")
    with serving("--no-page") as server:
        refused(server, 404, "/", None, method="GET")


run_cases([bodies, paths, names, keys, page])
