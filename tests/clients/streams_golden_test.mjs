// 16 answers at once are what they are alone, for kinds of models that the demo model is not: skipped (77) where the
// reference data is missing.
import {existsSync} from "node:fs";
import {join} from "node:path";
import {test} from "node:test";
import {fileURLToPath} from "node:url";

import {Server} from "./server.mjs";
import {checkTogether} from "./streams.mjs";

const shared = process.env.BRIM_SHARED ?? fileURLToPath(new URL("../../../shared", import.meta.url));
const models = {
  "a model with windows": "golden/arch/mistral-swa.gguf",
  "one with recurrent layers": "golden2/arch/qwen35.gguf",
  "one with experts": "golden/arch/qwen3moe.gguf",
};
if (!Object.values(models).every((name) => existsSync(join(shared, name)))) {
  console.log(`skipped: there are no reference models in ${shared}`);
  process.exit(77);
}

for (const [name, file] of Object.entries(models)) {
  for (const budget of ["full", "75%"]) {
    test(`${name}, budget ${budget}`, async () => {
      const server = await Server.start(["--seats", "6", "--kv-budget", budget], join(shared, file));
      await checkTogether(server, 16);
      await server.stop();
    });
  }
}
