"""python3 models/demo/evaluate.py [--checkpoint FILE] [--model FILE] [--samples N]: the numbers of the model card.

Recall and chat through Brim with greedy answers; the loss on unseen books; what pruning one layer costs; attention
sinks. Writes build/demo/evaluation.json and prints it. `--samples` is how many of each kind (twice as many
conversations).
"""
import argparse
import json
import random
from pathlib import Path

import numpy as np

import measure_layers
import measure_recall
import places
import probes
import tokenizer as tk
from export import load, metadata, tensors
from fast_cpu import FastTrainer
from gguf_writer import write_gguf
from places import BUILD, DATA
from synthetic.books import Books
from synthetic.script import ANSWER


def books_table(parameters: np.ndarray, trainer: FastTrainer, tokenizer: tk.Tokenizer, count: int) -> dict[str, object]:
    """Loss per token and bits per byte, in windows of 1,024 after BOS, for books and for whole authors never seen."""
    table: dict[str, object] = {}
    for split in ("validation", "test", "authors"):
        ids = np.fromfile(DATA / f"{split}.u16", np.uint16)
        rows = [[tk.BOS, *ids[at : at + 1024].tolist()] for at in range(0, len(ids) - 1024, len(ids) // count)]
        losses, _ = probes.run_rows(trainer, parameters, rows, 1024)
        size = sum(len(tokenizer.bytes[i]) for row in rows for i in row[1:])
        nats = float(losses.mean())
        table[split] = {
            "nll": round(nats, 4),
            "perplexity": round(float(np.exp(nats)), 2),
            "bits_per_byte": round(float(losses.sum()) / np.log(2) / size, 4),
        }
    return table


def layer_rows(tokenizer: tk.Tokenizer, books: Books, count: int) -> list[tuple[list[int], list[float]]]:
    """Tasks of every kind at 1,024 tokens: book text counts once, answers as much as all book text together."""
    rows = []
    for index in range(count):
        kind = list(probes.KINDS)[index % len(probes.KINDS)]
        script = probes.samples(tokenizer, books, kind, 1024, index // len(probes.KINDS) + 1)[-1]
        hot = np.array([weight == ANSWER for weight in script.weights], float)
        late = np.arange(len(hot)) > 200
        cold = late * (1 - hot)
        rows.append((script.ids, (hot / max(hot.sum(), 1) + cold / max(cold.sum(), 1)).tolist()))
    random.Random(3).shuffle(rows)
    return rows


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--checkpoint", type=Path, default=BUILD / "checkpoint.npz")
    options.add_argument("--model", type=Path, help="the GGUF to ask (default: the checkpoint in F16)")
    options.add_argument("--samples", type=int, default=100)
    wish = options.parse_args()
    config, flat, seen = load(wish.checkpoint)
    tokenizer = tk.Tokenizer.load(places.vocabulary())
    books = Books(DATA, "test", tokenizer)
    model = wish.model or BUILD / "evaluate.gguf"
    if wish.model is None:
        write_gguf(model, metadata(config, tokenizer, seen), tensors(config, flat))
    count = wish.samples
    result: dict[str, object] = {"seen": seen, "model": model.name}

    def note(name: str, value: object) -> None:
        result[name] = value
        print(name, value, flush=True)
        (BUILD / "evaluation.json").write_text(json.dumps(result, indent=1))

    trainer = FastTrainer(config, 1024, 2)
    note("books", books_table(flat, trainer, tokenizer, 2 * count))
    for keys in (1, 4):
        for length in (200, 1000, 3000):
            cases = measure_recall.needle_cases(tokenizer, books, keys, length, count)
            note(f"recall of {keys} at {length}", measure_recall.share(model, cases, tokenizer, []))
    cases = measure_recall.chat_cases(tokenizer, books, 2000, 2 * count)
    note("chat, 2000 tokens later", measure_recall.share(model, cases, tokenizer, []))
    cases = measure_recall.turn_cases(tokenizer, books, 50, count)
    note("name, 50 turns later", measure_recall.share(model, cases, tokenizer, []))
    layers = measure_layers.measure(config, flat, layer_rows(tokenizer, books, min(48, 8 * max(1, count // 16))))
    note(
        "layers",
        {
            "rise": layers.rise.mean(0).round(4).tolist(),
            "share": layers.shares().round(3).tolist(),
            "p": layers.p_value(),
        },
    )
    heads = layers.sinks.max(-1)  # the entry that draws most
    note(
        "sinks",
        {
            "strongest head by layer": heads.max(1).round(3).tolist(),
            "layers with a head above 0.3": int((heads.max(1) >= 0.3).sum()),
            "heads above 0.3": int((heads >= 0.3).sum()),
            "entry": layers.sinks.mean((0, 1)).round(3).tolist(),
        },
    )


if __name__ == "__main__":
    main()
