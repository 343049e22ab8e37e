// The packages that `./run test-clients` installs: in the folder BRIM_CLIENTS. A suite that uses them is skipped (77) where
// they are missing.
import {existsSync} from "node:fs";
import {createRequire} from "node:module";
import {join} from "node:path";

const folder = process.env.BRIM_CLIENTS;
if (!existsSync(join(folder, "node_modules/.package-lock.json"))) {  // npm writes it last
  console.log("skipped: ./run test-clients installs the packages that this suite uses");
  process.exit(77);
}
const load = createRequire(join(folder, "package.json"));

/** The package as a program of its users gets it by require(). */
export const client = (name) => load(name);
