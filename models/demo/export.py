"""python3 models/demo/export.py [--type q8_0] [--checkpoint FILE] [--out FILE]: a checkpoint → GGUF.

F16 by our own writer; any other type by `brim quantize` on top of that. The tokenizer and the chat template are
inside. What is exported is the running mean of the parameters (`--last`: the parameters of the last step).
"""
import argparse
import json
import subprocess
from pathlib import Path

import numpy as np

import places
import tokenizer as tk
from gguf_writer import Value, write_gguf
from model_config import ModelConfig
from places import BUILD

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def load(path: Path, last: bool = False) -> tuple[ModelConfig, np.ndarray, int]:
    """Shape, parameters and the tokens seen so far."""
    with np.load(places.need(path, "`./run demo-model train` makes it")) as saved:
        meta = json.loads(str(saved["meta"]))
        flat = saved["parameters" if last else "average"]
    return ModelConfig(**meta["config"]), flat, int(meta["seen"])


def metadata(config: ModelConfig, tokenizer: tk.Tokenizer, seen: int) -> dict[str, Value]:
    alphabet = tk.byte_alphabet()

    def spelled(token: int) -> str:
        return "".join(alphabet[byte] for byte in tokenizer.bytes[token])

    count = len(tokenizer)
    return {
        "general.architecture": "llama",
        "general.name": "Brim demo",
        "general.description": f"A tiny model that chats and recalls, to show Brim with; trained on {seen} tokens.",
        "general.license": "apache-2.0",
        "general.file_type": 1,
        "llama.context_length": config.context,
        "llama.embedding_length": config.width,
        "llama.block_count": config.layers,
        "llama.feed_forward_length": config.inner,
        "llama.attention.head_count": config.heads,
        "llama.attention.head_count_kv": config.kv_heads,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": config.head,
        "llama.rope.freq_base": config.rope_base,
        "llama.vocab_size": count,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": tk.PRE_TOKENIZER,
        "tokenizer.ggml.tokens": tk.CONTROL + [spelled(i) for i in range(tk.FIRST_BYTE, count)],
        "tokenizer.ggml.token_type": [3] * tk.FIRST_BYTE + [1] * (count - tk.FIRST_BYTE),
        "tokenizer.ggml.merges": [f"{spelled(left)} {spelled(right)}" for left, right in tokenizer.merges],
        "tokenizer.ggml.bos_token_id": tk.BOS,
        "tokenizer.ggml.eos_token_id": tk.EOS,
        "tokenizer.ggml.eot_token_id": tk.END,
        "tokenizer.ggml.add_bos_token": True,
        "tokenizer.chat_template": CHAT_TEMPLATE,
    }


def tensors(config: ModelConfig, flat: np.ndarray) -> dict[str, np.ndarray]:
    w = config.views(flat)
    q, kv = config.heads * config.head, config.kv_heads * config.head
    out = {"token_embd.weight": w["embedding"].astype(np.float16)}
    for i in range(config.layers):
        qkv, both = w[f"{i}.qkv"], w[f"{i}.both"]
        parts = {
            "attn_norm": w[f"{i}.gain1"],
            "attn_q": qkv[:q],
            "attn_k": qkv[q : q + kv],
            "attn_v": qkv[q + kv :],
            "attn_output": w[f"{i}.o"],
            "ffn_norm": w[f"{i}.gain2"],
            "ffn_gate": both[: config.inner],
            "ffn_up": both[config.inner :],
            "ffn_down": w[f"{i}.down"],
        }
        for name, tensor in parts.items():
            out[f"blk.{i}.{name}.weight"] = tensor.astype(np.float32 if tensor.ndim == 1 else np.float16)
    out["output_norm.weight"] = w["gain"].astype(np.float32)
    return out


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--checkpoint", type=Path, default=BUILD / "checkpoint.npz")
    options.add_argument("--type", default="f16", help="f16, or a type of `brim quantize`")
    options.add_argument("--out", type=Path)
    options.add_argument("--last", action="store_true")
    wish = options.parse_args()
    config, flat, seen = load(wish.checkpoint, wish.last)
    tokenizer = tk.Tokenizer.load(places.vocabulary())
    half = BUILD / "brim-demo-f16.gguf"
    write_gguf(half, metadata(config, tokenizer, seen), tensors(config, flat))
    out = wish.out or BUILD / f"brim-demo-{wish.type}.gguf"
    if wish.type != "f16":
        subprocess.run([places.brim(), "quantize", str(half), str(out), wish.type], check=True)
    elif out != half:
        half.replace(out)
    print(f"{out}: {out.stat().st_size / 2**20:.1f} MiB, {seen / 1e6:.1f} M tokens seen")


if __name__ == "__main__":
    main()
