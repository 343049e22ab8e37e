// 16 answers at once are, byte for byte, what they are alone; also with a budget below the need, and conversations whose
// turns find what their seat holds.
import {test} from "node:test";

import {Server} from "./server.mjs";
import {checkConversations, checkTogether} from "./streams.mjs";

for (const budget of ["full", "30%"]) {
  test(`16 answers at once, budget ${budget}`, async () => {
    const server = await Server.start(["--seats", "6", "-c", "1024", "--kv-budget", budget]);
    await checkTogether(server, 16);
    await server.stop();
  });

  test(`conversations at once, budget ${budget}`, () =>
    checkConversations(() => Server.start(["--seats", "12", "-c", "1024", "--kv-budget", budget])));
}
