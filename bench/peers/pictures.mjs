// node pictures.mjs KEPT.json PREFIX: draws a kept comparison as PREFIX-ratios.svg (how many times as fast as the peer,
// row by row) and, where it has several depths, PREFIX-depth.svg (tokens per second over the depth), with gnuplot.
import {spawnSync} from "node:child_process";
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";

const [kept, prefix] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const {machine, rows} = JSON.parse(readFileSync(kept, "utf8"));
const folder = mkdtempSync(join(tmpdir(), "brim-pictures-"));
mkdirSync(dirname(prefix), {recursive: true});

const quoted = (text) => `'${String(text).replaceAll("'", "’")}'`;
function draw(script, picture, table, settings) {
  const data = join(folder, "data.tsv");
  writeFileSync(data, table.map((line) => line.join("\t")).join("\n") + "\n");
  const words = Object.entries({data, picture, ...settings}).map(([name, value]) => `${name} = ${quoted(value)}`).join("; ");
  const done = spawnSync("gnuplot", ["-e", words, join(here, script)], {encoding: "utf8"});
  if (done.status !== 0) throw new Error(`gnuplot: ${done.stderr || done.error}`);
  process.stdout.write(`${picture}\n`);
}

const title = `${machine.cpu}, ${machine.isa}, Brim ${machine.commit}, ${machine.date}`;
try {
  // One bar per row, the first at the top.
  const bars = rows.map((row) => [`"${row.shape} ${row.type} ${row.test}, ${row.threads} thr."`, row.ratio]).reverse();
  draw("ratios.gp", `${prefix}-ratios.svg`, bars, {heading: title, height: 90 + 26 * bars.length});

  // Decode at several depths: for each model one column of depths and two of rates.
  const lines = new Map();
  for (const row of rows.filter(({test, sequences = 1}) => test.startsWith("tg") && sequences === 1)) {
    const key = `${row.shape} ${row.type}, ${row.threads} thr.`;
    lines.set(key, [...(lines.get(key) ?? []), row]);
  }
  const deep = [...lines].filter(([, points]) => new Set(points.map(({depth}) => depth)).size > 1);
  if (deep.length > 0) {
    const table = deep.flatMap(([key, points], i) => [
      ...(i > 0 ? [[], []] : []), [`"${key}"`],
      ...points.sort((a, b) => a.depth - b.depth).map(({depth, brim, peer}) => [depth, brim, peer]),
    ]);
    draw("depth.gp", `${prefix}-depth.svg`, table, {heading: title, blocks: deep.length});
  }
} finally {
  rmSync(folder, {recursive: true});
}
