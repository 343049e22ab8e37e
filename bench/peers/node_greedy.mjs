// How llama.cpp processes texts, through the npm package node-llama-cpp, for comparison with Brim: token ids and greedy
// continuations.
//   node node_greedy.mjs '{"packages": folder with node_modules, "model", "threads", "tokens", "prompts": [text, …]}'
// Control tokens in the prompts are parsed as control tokens, and nothing is put before them. One JSON line per prompt:
// {"ids": the ids of the prompt, "greedy": the ids that follow, including an end token}.
import {createRequire} from "node:module";
import {pathToFileURL} from "node:url";

const wish = JSON.parse(process.argv[2]);
const found = createRequire(wish.packages + "/").resolve("node-llama-cpp");
const {getLlama} = await import(pathToFileURL(found).href);
const llama = await getLlama({gpu: false, build: "never", maxThreads: wish.threads, logLevel: "error"});
const model = await llama.loadModel({modelPath: wish.model});
const context = await model.createContext({contextSize: 4096, batchSize: 512, sequences: 1, failedCreationRemedy: false,
                                           threads: {ideal: wish.threads, min: wish.threads}});
const sequence = context.getSequence();
for (const prompt of wish.prompts) {
  await sequence.clearHistory();
  const ids = model.tokenize(prompt, true);
  const greedy = [];
  for await (const token of sequence.evaluate(ids, {temperature: 0, yieldEogToken: true})) {
    greedy.push(token);
    if (greedy.length === wish.tokens || model.isEogToken(token)) break;
  }
  process.stdout.write(JSON.stringify({ids, greedy}) + "\n");
}
process.exit(0);
