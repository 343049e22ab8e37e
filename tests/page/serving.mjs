// `brim serve` with the demo model and a browser for its page. BRIM is the command, BRIM_CLIENTS the folder in which
// `./run test-clients` installs playwright-core; without that or without Chromium the suite is skipped (77).
import {spawn} from "node:child_process";
import {existsSync} from "node:fs";
import {createRequire} from "node:module";
import {join} from "node:path";
import {fileURLToPath} from "node:url";

const demoModel = fileURLToPath(new URL("../../models/brim-demo.gguf", import.meta.url));
const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

function skip(reason) {
  console.log(`skipped: ${reason}`);
  process.exit(77);
}

/** Starts the server on a free port; resolves to {url, stop}. */
export async function serve(options) {
  const words = ["serve", "-m", demoModel, "--listen", "127.0.0.1:0", "-t", "2", ...options];
  const server = spawn(process.env.BRIM, words, {stdio: ["ignore", "ignore", "pipe"]});
  process.once("exit", () => server.kill("SIGKILL"));
  let said = "";
  const url = await new Promise((done, failed) => {
    server.stderr.on("data", (data) => {
      said += data;
      const found = /(http:\/\/127\.0\.0\.1:\d+)/.exec(said);
      if (found) done(found[1]);
    });
    server.once("error", failed);
    server.stderr.once("close", () => failed(new Error(`brim serve ended: ${said}`)));
  });
  const stop = () => new Promise((done) => {
    server.once("exit", done);
    server.kill("SIGTERM");
  });
  return {url, stop};
}

export async function openBrowser() {
  if (!chromium) skip("there is no Chromium (Debian: chromium)");
  const package_json = join(process.env.BRIM_CLIENTS, "package.json");
  if (!existsSync(join(process.env.BRIM_CLIENTS, "node_modules/playwright-core"))) {
    skip("./run test-clients installs the packages that this suite uses");
  }
  const {chromium: browser} = createRequire(package_json)("playwright-core");
  const args = process.getuid() === 0 ? ["--no-sandbox"] : [];  // Chromium has no sandbox for root
  return browser.launch({executablePath: chromium, args});
}
