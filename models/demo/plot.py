"""python3 models/demo/plot.py [OUT.svg]: build/demo/log.jsonl as a picture (gnuplot): losses above, recall below."""
import json
import subprocess
import sys
from pathlib import Path

from places import BUILD, need
from probes import KINDS


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else BUILD / "training.svg"
    rows = [json.loads(line) for line in need(BUILD / "log.jsonl", "`./run demo-model train` writes it").read_text().splitlines()]
    losses = [(row["seen"] / 1e6, row["loss"]) for row in rows if "loss" in row]
    found = [row for row in rows if "probe" in row]
    script = [
        f"set terminal svg size 900,700 font 'sans,11'; set output '{out}'; set multiplot layout 2,1",
        "set grid; set xlabel 'million tokens'; set key outside",
        "set ylabel 'loss (nats per token)'; set yrange [1:7]",
        "plot '-' with lines title 'training (weighted)', '-' with linespoints title 'unseen books'",
    ]
    script += [f"{x} {y}" for x, y in losses] + ["e"]
    script += [f"{row['seen'] / 1e6} {row['book_loss']}" for row in found] + ["e"]
    script += [
        "set ylabel 'exact recall'; set yrange [0:1]",
        "plot " + ", ".join(f"'-' with linespoints title '{kind}'" for kind in KINDS),
    ]
    for kind in KINDS:
        script += [f"{row['seen'] / 1e6} {row[kind]}" for row in found if kind in row] + ["e"]
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)
    print(out)


if __name__ == "__main__":
    main()
