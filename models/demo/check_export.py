"""python3 models/demo/check_export.py [--checkpoint FILE]: PyTorch's logits beside Brim's, and both tokenizers on one
text.

Proves that the exported file means what was trained: the same ids for a text with words, digits, punctuation and
control tokens, and logits that differ by no more than half precision of the weights explains.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

import places
import tokenizer as tk
import torch_model
from export import load, metadata, tensors
from gguf_writer import write_gguf
from places import BUILD

TEXT = (
    "Hello, my name is Anna-Lou! It's 4,821 o'clock;  isn't it?\n\n\"Well,\" said he -- \"I'VE 12 plums & \u00a33.\"\n"
    "  Caf\u00e9 na\u00efve...\n\n\n(The end.) "
)


def brim(*arguments: str) -> str:
    return subprocess.run([places.brim(), *arguments], check=True, capture_output=True, text=True).stdout


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--checkpoint", type=Path, default=BUILD / "checkpoint.npz")
    wish = options.parse_args()
    config, flat, seen = load(wish.checkpoint)
    tokenizer = tk.Tokenizer.load(places.vocabulary())
    model = BUILD / "check.gguf"
    write_gguf(model, metadata(config, tokenizer, seen), tensors(config, flat))
    ours = [tk.BOS, *tokenizer.encode(TEXT)]
    theirs = json.loads(brim("tokenize", "-m", str(model), "--json", "-p", TEXT))
    theirs = theirs["ids"] if isinstance(theirs, dict) else theirs
    print(f"tokenizer: {len(ours)} ids, {'the same' if ours == theirs else f'DIFFERENT: {ours} {theirs}'}")
    chosen = list(range(0, len(ours), 7))
    subprocess.run(
        [
            places.brim(),
            "eval",
            "-m",
            str(model),
            "--prompt-ids",
            ",".join(map(str, ours)),
            "--kv-type",
            "f32",
            "--logits-out",
            str(BUILD / "check.f32"),
            "--positions",
            ",".join(map(str, chosen)),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    seen_logits = np.fromfile(BUILD / "check.f32", np.float32).reshape(len(chosen), -1)
    views = config.views(flat)
    for name, view in views.items():
        if not name.endswith(("gain", "gain1", "gain2")):
            view[...] = view.astype(np.float16)
    with torch.no_grad():
        expected = torch_model.logits(config, torch.tensor(flat), torch.tensor([ours]))[0].numpy()[chosen]
    worst = float(np.abs(expected - seen_logits).max())
    print(f"logits: largest difference {worst:.5f}, spread {expected.std():.2f}")
    sys.exit(ours != theirs or worst > 0.02 * max(1.0, float(expected.std())))


if __name__ == "__main__":
    main()
