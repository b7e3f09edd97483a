// Two modules in dist: the small one that pages import, and the one that does the work, in a worker.

import { build } from "esbuild";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";

const folder = (name) => new URL(name, import.meta.url).pathname;

rmSync(folder("dist"), { recursive: true, force: true });
mkdirSync(folder("dist"));
const shared = { bundle: true, format: "esm", target: "es2022", minify: true, legalComments: "none" };
await build({ ...shared, entryPoints: [folder("src/convert.js")], outfile: folder("dist/convert.js") });
await build({ ...shared, entryPoints: [folder("src/index.js")], outfile: folder("dist/gainmap-nn.js"), external: ["./convert.js"] });
for (const [source, made] of [["index", "gainmap-nn"], ["convert", "convert"]]) {
  copyFileSync(folder(`src/${source}.d.ts`), folder(`dist/${made}.d.ts`));
}
