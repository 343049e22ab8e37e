// ./run bench-peers: the same model through Brim and through other engines, one repetition of each after the other, so
// that other load on the machine affects all of them. See README.md and docs/benchmarking.md.
import {execFileSync, spawnSync} from "node:child_process";
import {existsSync, mkdirSync, readFileSync, writeFileSync} from "node:fs";
import os from "node:os";
import {basename, join} from "node:path";
import {parseArgs} from "node:util";

import {Brim, LlamaBench, NodeLlama, kVariants} from "./engines.mjs";
import {kMaxPairs, median, medianInterval, narrow, verdict} from "./no_loss.mjs";

const kHelp = `./run bench-peers [MODEL…] [options]
  MODEL              a GGUF file, or a shape of bench/synth_model (written with random weights when first asked for):
                     llama-1b (default), qwen2.5-0.5b, …
  --type LIST        of shapes: weight types (default: q4_0,q4_k_m,q8_0)
  --tests LIST       ppN processes a prompt of N tokens, tgN generates N, @dD after D others; tgNxS: S sequences generate N
                     each, all together (without @dD after 512 of their own), the rate is that of all of them;
                     startN@cC: from loading to the first token after N, with room for C
                     (default: pp512,tg128,tg128@d4096,tg128@d16384,pp16384,start34@c16384)
  --threads LIST     (default: 2)
  --against BRIM     compares with another build of Brim, and with nothing else: a loss is an interval of the median ratio
                     that lies wholly below 0.98, and exit code 3 (docs/benchmarking.md)
  --pairs N          repetitions of each engine (default: 5; 3 where one takes more than a minute; with --against, as many
                     as a narrow interval takes, 40 at most, 21 for startN)
  --kv-type TYPE     f16 (default) or q8_0, in all engines
  --isa SET          caps Brim (BRIM_ISA) and the npm peer (the build with those instructions)
  --llama-bench PATH compares with this llama-bench as well; may be repeated
  --no-npm           leaves out the npm peer
  --quick            one type, pp128 and tg32, three pairs
  --json             rows as JSON instead of a table
  --save NAME        keeps rows and machine in bench/baselines/NAME.json`;

/** What the caller got wrong: a sentence and exit code 2. */
class Refusal extends Error {}
const refuse = (sentence) => { throw new Refusal(sentence); };

const terminal = process.stderr.isTTY;
function say(text) { process.stderr.write(terminal ? `\r${text}\x1b[K\n` : `${text}\n`); }
function show(text) { if (terminal) process.stderr.write(`\r${text}\x1b[K`); }
function complain(failure) {
  process.stderr.write(`${terminal ? "\r\x1b[K" : ""}bench-peers: ${failure.message}\n`);
  process.exit(failure instanceof Refusal ? 2 : 1);
}

function commandLine() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        type: {type: "string"}, tests: {type: "string"}, threads: {type: "string", default: "2"}, pairs: {type: "string"},
        "kv-type": {type: "string", default: "f16"}, isa: {type: "string"}, "llama-bench": {type: "string", multiple: true},
        against: {type: "string"}, "no-npm": {type: "boolean"}, quick: {type: "boolean"}, json: {type: "boolean"}, save: {type: "string"},
        help: {type: "boolean", short: "h"},
      },
    });
  } catch (failure) {
    return complain(new Refusal(failure.message));
  }
}
const {values: options, positionals} = commandLine();

// What ./run found or built.
const place = JSON.parse(process.env.BRIM_PEERS ?? "{}");
const root = place.root;

// Tokens in each sequence's cache where several generate together and the test does not say another number.
const kDepthTogether = 512;

function parseTest(word) {
  const match = /^(pp|tg|start)(\d+)(?:(?<=^tg\d+)x(\d+))?(?:@d(\d+))?(?:@c(\d+))?$/.exec(word);
  if (!match || Number(match[2]) < 1 || Number(match[3] ?? 1) < 1) {
    refuse(`--tests: '${word}' is none of ppN, tgN, tgNxS, startN with @dD or @cC`);
  }
  const [, kind, tokens, sequences, depth = sequences === undefined ? 0 : kDepthTogether, context = 0] = match;
  return {name: word, kind, tokens: Number(tokens), sequences: Number(sequences ?? 1), depth: Number(depth), context: Number(context)};
}

function numbers(text, option) {
  return text.split(",").map((word) => /^[1-9]\d*$/.test(word) ? Number(word) : refuse(`${option}: '${word}' is not a whole number above 0`));
}

/** Model files with what rows call them. */
function models() {
  const types = (options.type ?? (options.quick ? "q4_0" : "q4_0,q4_k_m,q8_0")).split(",");
  return (positionals.length > 0 ? positionals : ["llama-1b"]).flatMap((name) => {
    if (existsSync(name)) return [{shape: basename(name, ".gguf"), type: "", path: name}];
    if (name.includes("/") || name.endsWith(".gguf")) refuse(`there is no model file '${name}'`);
    return types.map((type) => {
      const folder = join(place.build, "models"), path = join(folder, `${name}-${type}.gguf`);
      if (!existsSync(path)) {
        mkdirSync(folder, {recursive: true});
        say(`Writing ${name} ${type} with random weights`);
        const made = spawnSync(place.synth, [name, path, "--type", type, "--full-vocab"], {encoding: "utf8"});
        if (made.status !== 0) refuse((made.stderr || String(made.error)).trim());
      }
      return {shape: name, type, path};
    });
  });
}

const rounded = (value) => value === undefined || value === null ? null : Number(value.toPrecision(4));

let open = [];

// Repetitions in a process that is started for one sample: prefill takes long enough to need only one.
const kRepetitions = {tg: 3, pp: 1, start: 1};

/**
 * The median of a few repetitions in a process of its own, alone in memory. Which physical pages a process got for its weights changes
 * its speed by several percent for as long as it lives, so two processes that are asked in turn would compare their luck.
 */
async function freshSample(side, opened) {
  await opened(side);
  const samples = [];
  for (let i = 0; i < kRepetitions[side.test.kind]; ++i) samples.push(await side.repeat());
  await side.close();
  return samples.sort((a, b) => a.value - b.value)[samples.length >> 1];
}

/** All pairs of one test: a row per peer. */
async function compare(model, test, brim, peers) {
  const sides = [brim, ...peers.filter((peer) => peer.supports?.(test) ?? true)];
  if (sides.length === 1) return [];
  const found = new Map(sides.map((side) => [side, []]));
  const ours = found.get(brim), values = (samples) => samples.map((sample) => sample.value);
  const timed = test.kind === "start";
  const ratiosTo = (peer) => {
    const theirs = found.get(peer);
    return ours.map(({value}, i) => timed ? theirs[i].value / value : value / theirs[i].value);
  };
  let pairs = Number(options.pairs ?? (options.quick ? 3 : 5));
  const against = options.against !== undefined;
  if (against && options.pairs === undefined) pairs = timed ? 21 : kMaxPairs;
  open = sides;
  const opened = (side) => {
    show(`${model.shape} ${model.type} ${test.name}, ${test.threads} threads: ${side.name} gets ready`);
    return side.open({...test, model: model.path, kvType: options["kv-type"]});
  };
  if (!against) for (const side of sides) await opened(side);
  for (let pair = 1; pair <= pairs; ++pair) {
    // Builds of Brim alternate in order, so that neither always runs second.
    for (const side of against && pair % 2 === 0 ? [...sides].reverse() : sides) {
      show(`${model.shape} ${model.type} ${test.name}, ${test.threads} threads: pair ${pair} of ${pairs}, ${side.name}`);
      const start = Date.now();
      found.get(side).push(await (against ? freshSample(side, opened) : side.repeat()));
      if (Date.now() - start > 60_000 && options.pairs === undefined && !against) pairs = Math.min(pairs, 3);
    }
    if (against && options.pairs === undefined && !timed && narrow(ratiosTo(peers[0]))) break;
  }
  for (const side of sides) await side.close();
  open = [];

  // Of the peak that binds: with many sequences decode is bound by arithmetic too.
  const percents = test.kind === "pp" ? ["int8_percent"] : test.sequences === 1 ? ["read_percent"] : ["read_percent", "int8_percent"];
  return sides.slice(1).map((peer) => {
    const theirs = found.get(peer), ratios = ratiosTo(peer);
    return {
      shape: model.shape, type: model.type || ours[0].row.quantisation.toLowerCase(), test: test.name, depth: test.depth, sequences: test.sequences,
      threads: test.threads, brim: rounded(median(values(ours))), peer: rounded(median(values(theirs))),
      peer_name: peer.variant ? `${peer.name}, ${peer.variant}` : peer.name,
      ratio: rounded(median(ratios)),
      ...(against ? {ratio_low: rounded(medianInterval(ratios)[0]), ratio_high: rounded(medianInterval(ratios)[1]), verdict: verdict(ratios)} : {}),
      peak_pct: timed ? null : rounded(Math.max(...percents.map((percent) => median(ours.map(({row}) => row[percent]))))),
      unit: timed ? "s" : "tok/s", kv_type: options["kv-type"], isa: ours[0].row.isa, pairs: ours.length,
      read_peak_gb_per_second: rounded(median(ours.map(({row}) => row.read_peak_gb_per_second))),
      int8_peak_gop_per_second: rounded(median(ours.map(({row}) => row.int8_peak_gop_per_second))),
      brim_rss_mib: rounded(Math.max(...ours.map((sample) => sample.rss_bytes ?? 0)) / 2 ** 20 || null),
      peer_rss_mib: rounded(Math.max(...theirs.map((sample) => sample.rss_bytes ?? 0)) / 2 ** 20 || null),
      brim_samples: values(ours).map(rounded), peer_samples: values(theirs).map(rounded),
    };
  });
}

function machine(row) {
  const [cpu] = os.cpus(), read = (path) => existsSync(path) ? readFileSync(path, "utf8").trim() : null;
  const commit = spawnSync("git", ["-C", root, "describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+"], {encoding: "utf8"});
  return {
    cpu: cpu?.model ?? "unknown", cpus: os.cpus().length, memory_gib: rounded(os.totalmem() / 2 ** 30), kernel: os.release().split("-")[0],
    architecture: os.arch(), huge_pages: read("/sys/kernel/mm/transparent_hugepage/enabled"), isa: row?.isa ?? null,
    brim: execFileSync(place.brim, ["--version"], {encoding: "utf8"}).trim(),
    commit: commit.status === 0 ? commit.stdout.trim() : "unknown", date: new Date().toISOString().slice(0, 10),
    command: `./run bench-peers ${process.argv.slice(2).join(" ")}`.trim(),
  };
}

function table(rows) {
  const header = ["model", "test", "threads", "Brim", "peer", "unit", "ratio", "peak", "peer's name"];
  const ratio = (row) => row.verdict ? `${row.ratio}× [${row.ratio_low}, ${row.ratio_high}] in ${row.pairs}: ${row.verdict}` : `${row.ratio}×`;
  const cells = rows.map((row) => [`${row.shape} ${row.type}`, row.test, row.threads, row.brim, row.peer, row.unit, ratio(row),
    row.peak_pct === null ? "–" : `${row.peak_pct} %`, row.peer_name].map(String));
  const widths = header.map((name, i) => Math.max(name.length, ...cells.map((line) => line[i].length)));
  const line = (words) => `| ${words.map((word, i) => i >= 2 && i <= 7 ? word.padStart(widths[i]) : word.padEnd(widths[i])).join(" | ")} |\n`;
  const rule = `|${widths.map((width, i) => "-".repeat(width + (i >= 2 && i <= 7 ? 1 : 2)) + (i >= 2 && i <= 7 ? ":" : "")).join("|")}|\n`;
  return line(header) + rule + cells.map(line).join("");
}

async function main() {
  if (options.help) { console.log(kHelp); return; }
  if (!["f16", "q8_0"].includes(options["kv-type"])) refuse("--kv-type: f16 or q8_0");
  if (options.save !== undefined && !/^[\w.-]+$/.test(options.save)) refuse("--save: a name of letters, digits, dots and dashes");
  if (options.pairs !== undefined) numbers(options.pairs, "--pairs");
  const words = options.tests ?? (options.quick ? "pp128,tg32" : "pp512,tg128,tg128@d4096,tg128@d16384,pp16384,start34@c16384");
  const tests = numbers(options.threads, "--threads").flatMap((threads) => words.split(",").map((word) => ({...parseTest(word), threads})));
  if (options.isa !== undefined && !kVariants[options.isa]) refuse(`--isa: one of ${Object.keys(kVariants).join(", ")}`);
  const peers = [];
  if (options.against !== undefined) {
    if (options["llama-bench"]) refuse("--against compares two builds of Brim: leave --llama-bench out");
    if (!existsSync(options.against)) refuse(`--against: there is no file '${options.against}'`);
    const version = execFileSync(options.against, ["--version"], {encoding: "utf8"}).trim();
    peers.push(new Brim({binary: options.against, isa: options.isa, name: `${version}, ${options.against}`}));
  } else if (!options["no-npm"]) peers.push(new NodeLlama({node: process.execPath, packages: place.packages, isa: options.isa}));
  for (const binary of options["llama-bench"] ?? []) {
    if (!existsSync(binary)) refuse(`--llama-bench: there is no file '${binary}'`);
    if (options.isa) refuse("--isa cannot limit a llama-bench; build one for that set and give its path without --isa");
    peers.push(new LlamaBench({binary}));
  }
  if (peers.length === 0) refuse("there is no peer: --no-npm without --llama-bench");
  const rows = [];
  for (const model of models()) {
    for (const test of tests) {
      for (const row of await compare(model, test, new Brim({binary: place.brim, isa: options.isa}), peers)) {
        rows.push(row);
        say(`${row.shape} ${row.type} ${row.test}, ${row.threads} threads: ${row.brim} against ${row.peer} ${row.unit}, ${row.ratio}× ${row.peer_name}${row.verdict ? `: ${row.verdict}` : ""}`);
      }
    }
  }
  process.stdout.write(options.json ? `[\n${rows.map((row) => JSON.stringify(row)).join(",\n")}\n]\n` : table(rows));
  if (options.save !== undefined) {
    const path = join(root, "bench/baselines", `${options.save}.json`);
    mkdirSync(join(root, "bench/baselines"), {recursive: true});
    const lines = rows.map((row) => `    ${JSON.stringify(row)}`).join(",\n");
    writeFileSync(path, `{\n  "machine": ${JSON.stringify(machine(rows[0]), null, 2).replace(/\n/g, "\n  ")},\n  "rows": [\n${lines}\n  ]\n}\n`);
    say(`Kept in ${path}`);
  }
  if (rows.some((row) => row.verdict === "loss")) process.exitCode = 3;
}

const leave = () => { for (const side of open) side.kill(); process.exit(130); };
process.on("SIGINT", leave);
process.on("SIGTERM", leave);
try {
  await main();
} catch (failure) {
  for (const side of open) side.kill();
  complain(failure);
}
