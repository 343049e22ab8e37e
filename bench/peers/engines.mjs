// The engines that are compared, behind one interface:
//   await engine.open(test)   loads the model, fills the cache, warms up: none of this is timed
//   await engine.repeat()     one repetition: {value, rss_bytes, row?}; value in tokens per second, for `start` in s
//   engine.close()
// An engine that stays loaded between repetitions is requested to run each one by a line on its standard input.
import {spawn} from "node:child_process";
import {existsSync, readdirSync, readFileSync, rmSync, symlinkSync, mkdirSync, linkSync} from "node:fs";
import {basename, dirname, join} from "node:path";
import {createInterface} from "node:readline";
import {fileURLToPath} from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** A child process that answers lines with lines. */
class Asked {
  constructor(command, words, environment = {}) {
    this.name = basename(command);
    this.child = spawn(command, words, {env: {...process.env, ...environment}, stdio: ["pipe", "pipe", "pipe"]});
    this.complaint = "";
    this.child.stderr.on("data", (data) => { this.complaint = (this.complaint + data).slice(-2000); });
    this.child.stdin.on("error", () => {});
    this.ended = new Promise((resolve) => {
      this.child.on("error", (failure) => { this.complaint += failure.message; resolve(); });
      this.child.on("close", resolve);
    });
    this.lines = createInterface({input: this.child.stdout})[Symbol.asyncIterator]();
  }
  async line() {
    const {value, done} = await this.lines.next();
    if (!done) return JSON.parse(value);
    await this.ended;
    throw new Error(`${this.name} ended without an answer: ${this.complaint.trim() || "it said nothing"}`);
  }
  ask() {
    this.child.stdin.write("\n");
    return this.line();
  }
  async finish() {
    this.child.stdin.end();
    await this.ended;
  }
  kill() { this.child.kill(); }
}

/** Everything a process wrote to standard output. */
async function outputOf(command, words, environment = {}) {
  const child = spawn(command, words, {env: {...process.env, ...environment}, stdio: ["ignore", "pipe", "pipe"]});
  let text = "", complaint = "";
  child.stdout.on("data", (data) => { text += data; });
  child.stderr.on("data", (data) => { complaint = (complaint + data).slice(-2000); });
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code !== 0) throw new Error(`${basename(command)} ended with ${code}: ${complaint.trim()}`);
  return text;
}

export class Brim {
  constructor({binary, isa, name = "brim"}) {
    this.binary = binary;
    this.environment = isa ? {BRIM_ISA: isa} : {};
    this.name = name;
  }
  words(test, extra) {
    const prompt = test.kind === "tg" ? 0 : test.tokens, generated = test.kind === "tg" ? test.tokens : 0;
    return ["bench", "-m", test.model, "-p", prompt, "-n", generated, "-d", test.depth, "-t", test.threads,
      "--kv-type", test.kvType, "-o", "jsonl", ...(test.sequences > 1 ? ["--sequences", test.sequences] : []),
      ...extra].map(String);
  }
  async open(test) {
    this.test = test;
    if (test.kind === "start") return;
    this.process = new Asked(this.binary, this.words(test, ["-r", 1000, "--step"]), this.environment);
    await this.process.ask();
  }
  async repeat() {
    const {test} = this;
    if (test.kind === "start") {
      const extra = ["-r", 1, "--no-warmup", "-c", test.context];
      const row = JSON.parse(await outputOf(this.binary, this.words(test, extra), this.environment));
      return {value: (row.load_ms + row.first_token_ms) / 1e3, rss_bytes: row.peak_rss_bytes, row};
    }
    const row = await this.process.ask();
    if ((row.sequences ?? 1) !== test.sequences || (test.kind === "tg" && row.generated_tokens !== test.tokens)) {
      throw new Error(`${this.name} ran ${row.test} instead of ${test.name}`);
    }
    return {value: row.tokens_per_second, rss_bytes: row.peak_rss_bytes, row};
  }
  async close() { await this.process?.finish(); this.process = undefined; }
  kill() { this.process?.kill(); }
}

/** Which build of ggml's CPU code has the instructions of each of Brim's sets, and no more. */
export const kVariants = {
  generic: "x64", avx2: "haswell", avx_vnni: "alderlake", avx512: "skylakex", avx512_vnni: "icelake", avx512_bf16: "zen4",
  amx: "sapphirerapids", neon: "armv8.0_1", neon_dotprod: "armv8.2_1", neon_i8mm: "armv8.6_1",
};

/** A tree of hard links: no second copy of hundreds of megabytes. */
function linkTree(from, to) {
  mkdirSync(to, {recursive: true});
  for (const entry of readdirSync(from, {withFileTypes: true})) {
    if (entry.isDirectory()) linkTree(join(from, entry.name), join(to, entry.name));
    else linkSync(join(from, entry.name), join(to, entry.name));
  }
}

/** llama.cpp as the npm package node-llama-cpp carries it. */
export class NodeLlama {
  /** `packages` holds node_modules; with `isa` a copy beside it is used in which only that set's build is left. */
  constructor({node, packages, isa}) {
    this.node = node;
    this.packages = isa ? NodeLlama.limited(packages, isa) : packages;
    const facts = JSON.parse(readFileSync(join(packages, "node_modules/node-llama-cpp/package.json"), "utf8"));
    this.name = `node-llama-cpp ${facts.version}`;
  }
  static limited(packages, isa) {
    const variant = kVariants[isa];
    const copy = `${packages}-${variant}`;
    rmSync(copy, {recursive: true, force: true});
    mkdirSync(join(copy, "node_modules"), {recursive: true});
    const platform = "@node-llama-cpp";
    for (const entry of readdirSync(join(packages, "node_modules"))) {
      if (entry === platform) continue;
      // The package itself must be a real folder: the packages that it requires are looked up next to it.
      if (entry === "node-llama-cpp") linkTree(join(packages, "node_modules", entry), join(copy, "node_modules", entry));
      else symlinkSync(join(packages, "node_modules", entry), join(copy, "node_modules", entry));
    }
    linkTree(join(packages, "node_modules", platform), join(copy, "node_modules", platform));
    let kept = 0;
    for (const family of readdirSync(join(copy, "node_modules", platform))) {
      const bins = join(copy, "node_modules", platform, family, "bins", family);
      if (!existsSync(bins)) continue;
      for (const file of readdirSync(bins)) {
        if (!file.startsWith("libggml-cpu-")) continue;
        if (file === `libggml-cpu-${variant}.so`) ++kept;
        else rmSync(join(bins, file));
      }
    }
    if (kept === 0) throw new Error(`the peer's package has no build ${variant} for this machine`);
    return copy;
  }
  wish(test) {
    return JSON.stringify({packages: this.packages, model: test.model, kind: test.kind, tokens: test.tokens, depth: test.depth,
      sequences: test.sequences, context: Math.max(test.context, test.depth + test.tokens + 16), threads: test.threads,
      kv_type: test.kvType});
  }
  async open(test) {
    this.test = test;
    if (test.kind === "start") return;
    this.process = new Asked(this.node, [join(here, "node_llama.mjs"), this.wish(test)]);
    this.variant = (await this.process.line()).variant;
    await this.process.ask();
  }
  async repeat() {
    if (this.test.kind === "start") {
      const found = JSON.parse(await outputOf(this.node, [join(here, "node_llama.mjs"), this.wish(this.test)]));
      this.variant = found.variant;
      return {value: found.seconds, rss_bytes: found.peak_rss_bytes};
    }
    const found = await this.process.ask();
    return {value: found.tokens_per_second, rss_bytes: found.peak_rss_bytes};
  }
  async close() { await this.process?.finish(); this.process = undefined; }
  kill() { this.process?.kill(); }
}

/** Any llama-bench binary: a process a repetition, whose own clock leaves out loading and filling the cache. */
export class LlamaBench {
  constructor({binary}) {
    this.binary = binary;
    this.name = basename(dirname(binary)) === "bin" ? basename(dirname(dirname(dirname(binary)))) : basename(binary);
    this.name = `llama-bench (${this.name})`;
  }
  supports(test) { return test.kind !== "start" && test.sequences === 1; }
  async open(test) { this.test = test; }
  async repeat() {
    const {test} = this;
    const prompt = test.kind === "pp" ? test.tokens : 0, generated = test.kind === "tg" ? test.tokens : 0;
    const words = ["-m", test.model, "-p", prompt, "-n", generated, "-t", test.threads, "-r", 1, "-fa", 1, "-ngl", 0,
      "-ctk", test.kvType, "-ctv", test.kvType, "-o", "json", ...(test.depth > 0 ? ["-d", test.depth] : [])];
    const [found] = JSON.parse(await outputOf(this.binary, words.map(String)));
    this.variant = found.build_commit;
    return {value: found.avg_ts};
  }
  async close() {}
  kill() {}
}
