// 16 answers at once are, byte for byte, what they are alone: the demo model, also with budgets below its need, and where
// the reference data is, one small model with windows, with recurrent layers, with experts.
import {existsSync} from "node:fs";
import {join} from "node:path";
import {test} from "node:test";
import {fileURLToPath} from "node:url";

import {Server, demoModel} from "./server.mjs";
import {checkTogether} from "./streams.mjs";

const shared = process.env.BRIM_SHARED ?? fileURLToPath(new URL("../../../shared", import.meta.url));
const models = {
  "the demo model": demoModel,
  "windowed": join(shared, "golden/arch/mistral-swa.gguf"),
  "recurrent": join(shared, "golden2/arch/qwen35.gguf"),
  "experts": join(shared, "golden/arch/qwen3moe.gguf"),
};

for (const [name, model] of Object.entries(models)) {
  for (const budget of ["full", "75%"]) {
    test(`${name}, budget ${budget}`, {skip: !existsSync(model) && `no ${model}`}, async () => {
      const server = await Server.start(["--seats", "6", "--kv-budget", budget], model);
      await checkTogether(server, 16);
      await server.stop();
    });
  }
}
