"""Several models by name, and the memory that everything takes together."""
import shutil
import subprocess

from serving import BRIM, TINY, check, run_cases, serving


def requests_find_their_model():
    with serving("-m", "org/second=" + TINY, "--metrics", "--seats", "2") as server:
        _, _, models = server.request("GET", "/v1/models")
        check([model["id"] for model in models["data"]] == ["tiny", "org/second"], f"/v1/models: {models}")
        for path in ("/v1/models/org/second", "/v1/models/org%2Fsecond"):
            status, _, model = server.request("GET", path)
            check(status == 200 and model["id"] == "org/second", f"{path}: {status} {model}")
        first, second = server.completion(), server.completion(model="org/second")
        check((first["model"], second["model"]) == ("tiny", "org/second"), f"models: {first} {second}")
        check(first["choices"] == second["choices"], f"the same file gave two texts: {first} {second}")
        check(server.completion(model="tiny")["model"] == "tiny", "the first one by its name")
        status, _, answer = server.post("/v1/completions", {"prompt": "a", "model": "third"})
        check(status == 404 and "'tiny', 'org/second'" in answer["error"]["message"], f"unknown: {status} {answer}")
        status, _, answer = server.post("/tokenize", {"content": "the dog", "model": "org/second"})
        check(status == 200 and answer["tokens"], f"/tokenize: {status} {answer}")
        _, _, slots = server.request("GET", "/slots")
        check([slot["model"] for slot in slots] == ["tiny"] * 2 + ["org/second"] * 2, f"/slots: {slots}")
        _, _, text = server.request("GET", "/metrics")
        check(text.count(b"# TYPE brim_seats gauge\n") == 1, f"/metrics: {text}")
        check(b'\nbrim_requests_finished_total{model="org/second"} 1\n' in text, f"/metrics: {text}")
        judge(text)
        status, _, shown = server.post("/api/show", {"name": "org/second"})
        check(status == 200, f"/api/show by the older name: {status} {shown}")
        connection, reply, _ = server.open_stream(model="org/second", max_tokens=1000000)
        reply.close()  # a client that goes away ends the request of the model that it asked
        connection.close()
        status, _, _ = server.request("HEAD", "/v1/models")
        check(status == 200, f"HEAD /v1/models: {status}")
    with serving("-m", "old:latest=" + TINY) as server:  # a name that has ollama's tag itself
        for name in ("old:latest", "old", "tiny:latest"):
            status, _, answer = server.post("/api/generate", {"model": name})
            check(status == 200, f"{name}: {status} {answer}")
    with serving("--metrics") as server:
        judge(server.request("GET", "/metrics")[2])


def judge(text):
    """By Prometheus' own rules, where its tool is installed."""
    tool = shutil.which("promtool")
    if tool is None:
        return
    run = subprocess.run([tool, "check", "metrics"], input=text, capture_output=True, check=False)
    check(run.returncode == 0 and run.stderr + run.stdout == b"", f"promtool: {run.stdout!r} {run.stderr!r}")


def everything_fits_or_is_refused():
    run = subprocess.run([BRIM, "serve", "-m", TINY, "--listen", "127.0.0.1:0", "--memory", "1MiB"],
                         stdin=subprocess.DEVNULL, capture_output=True, check=False)
    text = run.stderr.decode()
    check(run.returncode == 2 and "--memory is 1.0 MiB (1048576 bytes)" in text, f"{run.returncode}: {text}")
    check("the largest share is connections and their requests" in text, text)
    for budget in ("auto", "full", "60%"):
        with serving("--memory", "512MiB", "--seats", "2", "--kv-budget", budget) as server:
            check("of 512MiB will be taken" in server.said(), server.said())
            _, _, props = server.request("GET", "/props")
            check(props["kv_budget_bytes"] > 0 and props["total_slots"] == 2, f"/props: {props}")
            server.completion()


run_cases([requests_find_their_model, everything_fits_or_is_refused])
