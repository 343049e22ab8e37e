#!/bin/bash
# demo_model_test.sh COMMAND SCRATCH: the model that the repository ships. It answers, it remembers a name over fifty
# turns under the default budget, and llama.cpp (if ./run bench-peers has installed it) tokenises and continues texts as
# Brim does.
root=$PWD
. "$(dirname "$0")/support.sh"
model=${BRIM_DEMO_MODEL:-$root/models/brim-demo.gguf}
[ -f "$model" ] || skip "there is no $model"

"$brim" chat -m "$model" -p "Who are you?" --temp 0 -n 40 >out 2>err || fail "chat: $(cat err)"
grep -q "Brim" out || fail "asked who it is, it says: $(cat out)"

# A name, fifty turns, and the question.
{
  printf '[{"role": "user", "content": "Hello, my name is Clara."}, {"role": "assistant", "content": "Nice to meet you, Clara."}'
  questions=("How are you?" "What can you do?" "Tell me a joke." "What is the capital of France?" "Thank you!")
  answers=("I am fine, thank you. And you?" "I can chat with you, tell stories in an old style, and remember what you tell me."
    "What has hands but cannot clap? A clock." "The capital of France is Paris." "You are welcome.")
  for turn in $(seq 0 49); do
    printf ', {"role": "user", "content": "%s"}, {"role": "assistant", "content": "%s"}' "${questions[turn % 5]}" "${answers[turn % 5]}"
  done
  printf ', {"role": "user", "content": "What is my name?"}]'
} >talk.json
"$brim" render -m "$model" --messages talk.json >prompt || fail "render"
"$brim" run -m "$model" -f prompt --parse-special --temp 0 -n 20 >out 2>err || fail "run: $(cat err)"
grep -q "Clara" out || fail "asked for the name after fifty turns, it says: $(cat out)"

# The peer: the same ids, and the same most likely tokens wherever the two best differ by more than 0.1.
node=$(command -v node) || node=
if [ -n "$node" ] && [ -d "$root/build/peers/node_modules/node-llama-cpp" ]; then
  "$node" --input-type=module - "$brim" "$model" "$root" >out 2>err <<'NODE' || fail "beside llama.cpp: $(cat out err)"
import {execFileSync} from "node:child_process";
import {readFileSync} from "node:fs";
const [brim, model, root] = process.argv.slice(2);
const prompts = ["<|bos|>Once upon a time there was", "<|bos|><|user|>Hello!<|end|><|assistant|>",
  "<|bos|><|user|>The code of the red door is 4821. What is the code of the red door?<|end|><|assistant|>",
  "<|bos|><|user|>Tell me a story.<|end|><|assistant|>", "<|bos|>\"It's  late,\" he said;\n\nand it was 10 o'clock -- CAF\u00c9!"];
const call = (...words) => execFileSync(brim, words, {encoding: "utf8", maxBuffer: 1 << 26});
const peer = execFileSync("node", [`${root}/bench/peers/node_greedy.mjs`, JSON.stringify({packages: `${root}/build/peers`, model,
  threads: 2, tokens: 64, prompts})], {encoding: "utf8"}).trim().split("\n").map((line) => JSON.parse(line));
let compared = 0;
for (const [index, {ids, greedy}] of peer.entries()) {
  const ours = JSON.parse(call("tokenize", "-m", model, "--no-add-special", "--json", "-p", prompts[index]));
  if (JSON.stringify(ours) !== JSON.stringify(ids)) throw new Error(`${prompts[index]}: ids ${ours}, llama.cpp has ${ids}`);
  const positions = greedy.map((_, i) => ids.length - 1 + i);
  call("eval", "-m", model, "--prompt-ids", [...ids, ...greedy].join(","), "--kv-type", "f16", "--logits-out", "logits",
    "--positions", positions.join(","));
  const data = readFileSync("logits");
  const logits = new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length));
  const size = logits.length / greedy.length;
  greedy.forEach((token, i) => {
    const row = logits.subarray(i * size, (i + 1) * size);
    let best = 0, second = -1;
    row.forEach((value, id) => {
      if (value > row[best]) [best, second] = [id, best];
      else if (id !== best && (second < 0 || value > row[second])) second = id;
    });
    if (row[best] - row[second] <= 0.1) return;
    ++compared;
    if (best !== token) throw new Error(`${prompts[index]}: token ${i} is ${best}, llama.cpp has ${token}`);
  });
}
if (compared < 50) throw new Error(`only ${compared} tokens had a margin above 0.1`);
console.log(`${compared} tokens alike`);
NODE
  cat out
fi
finish
