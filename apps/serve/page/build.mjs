// node build.mjs FOLDER: bundles src/ and writes what the server embeds to FOLDER. `./run page` calls it where the packages
// of package-lock.json are installed. The same packages and sources give the same bytes.
import {build} from "esbuild";
import {createHash} from "node:crypto";
import {copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from "node:fs";
import {join} from "node:path";

const folder = process.argv[2];
if (!folder) throw new Error("give the folder to write to");
process.chdir(import.meta.dirname);
mkdirSync(folder, {recursive: true});

const common = {bundle: true, minify: true, charset: "utf8", legalComments: "none", target: "es2022", logLevel: "warning"};
await build({...common, entryPoints: ["src/main.jsx"], outfile: join(folder, "page.js"), format: "esm", jsx: "automatic",
  jsxImportSource: "preact"});
await build({...common, entryPoints: ["src/page.css"], outfile: join(folder, "page.css")});
for (const name of ["index.html", "icon.svg"]) copyFileSync(join("src", name), join(folder, name));

const {dependencies} = JSON.parse(readFileSync("package.json", "utf8"));
const licenses = Object.entries(dependencies).sort().map(([name, version]) => {
  const text = readFileSync(join("node_modules", name, "LICENSE"), "utf8").replaceAll("\r\n", "\n").trim();
  return `${name} ${version}\n${"=".repeat(72)}\n\n${text}\n`;
});
writeFileSync(join(folder, "licenses.txt"),
  `The page of brim serve is part of Brim (Apache-2.0) and contains these packages.\n\n\n${licenses.join("\n\n")}`);

// By these a test sees, without Node, that the built files belong to the sources.
const sources = [...readdirSync("src").filter((name) => name !== "README.md").map((name) => `src/${name}`), "build.mjs", "package.json", "package-lock.json"].sort();
const lines = sources.map((name) => `${createHash("sha256").update(readFileSync(name)).digest("hex")}  ${name}\n`);
writeFileSync(join(folder, "sources.sha256"), lines.join(""));
