// The modules in dist: what pages import, what a service worker imports, and the one that does the work for all of them.

import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";

const MODULES = { convert: "convert", index: "gainmap-nn", hdr_img: "hdr-img", service_worker: "service-worker", ultra_hdr_avif: "avif" };
const folder = (name) => new URL(name, import.meta.url).pathname;

if (!existsSync(folder("../src/gainmap_codec/view/static"))) {
  console.error("gainmap-nn can be built only in a checkout of gainmap_codec, whose files it shares: README.md, Building it");
  process.exit(1);
}
const { build } = await import("esbuild");
const { compiledKernel } = await import("./kernel.mjs");

/** What several modules need is loaded once, under the name that it has in dist. */
const shared = {
  name: "shared",
  setup: ({ onResolve }) => onResolve({ filter: /^\.\/(convert|index|ultra_hdr_avif)\.js$/ }, ({ kind, path }) =>
    kind === "entry-point" ? null : { path: `./${MODULES[path.slice(2, -3)]}.js`, external: true }),
};

copyFileSync(folder("../LICENSE"), folder("LICENSE"));
rmSync(folder("dist"), { recursive: true, force: true });
mkdirSync(folder("dist"));
const KERNEL = JSON.stringify(Buffer.from(await compiledKernel()).toString("base64"));
for (const [source, made] of Object.entries(MODULES)) {
  await build({
    entryPoints: [folder(`src/${source}.js`)],
    outfile: folder(`dist/${made}.js`),
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "none",
    define: { KERNEL },
    plugins: [shared],
  });
  if (existsSync(folder(`src/${source}.d.ts`))) copyFileSync(folder(`src/${source}.d.ts`), folder(`dist/${made}.d.ts`));
}
