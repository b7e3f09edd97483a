// Reads HEIC and AVIF files as the page does: a JSON list of files in base64 comes in, a list of answers goes out.

import { readFileSync } from "node:fs";

const [folder] = process.argv.slice(2);
const { partsOfHeif } = await import(`${folder}/dropped_heif.js`);

const textOf = async (blob) => Buffer.from(await blob.arrayBuffer()).toString("base64");

async function answer(text) {
  const bytes = new Uint8Array(Buffer.from(text, "base64"));
  const start = performance.now();
  try {
    const { facts, parts } = partsOfHeif(bytes, "AVIF");
    const milliseconds = performance.now() - start;
    const { picture, color, standard, neural } = parts;
    return {
      ...facts,
      milliseconds,
      picture: await textOf(picture),
      color: { curves: Array.from(color.curves), toBt2020: color.toBt2020 },
      standard: standard && { ...standard, picture: await textOf(standard.picture) },
      payload: neural && Buffer.from(neural.payload).toString("base64"),
    };
  } catch (error) {
    return { error: error.message, milliseconds: performance.now() - start };
  }
}

process.stdout.write(JSON.stringify(await Promise.all(JSON.parse(readFileSync(0)).map(answer))));
