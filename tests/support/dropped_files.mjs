// Reads JPEG files as the page does when they are dropped on it: a JSON list of files in base64 comes in, answers go out.

import { readFileSync } from "node:fs";

const [folder] = process.argv.slice(2);
const { partsOf } = await import(`${folder}/dropped_file.js`);
const { parseJpeg } = await import(`${folder}/jpeg_segments.js`);

function answer(text) {
  const image = parseJpeg(new Uint8Array(Buffer.from(text, "base64")));
  if (!image) return { error: "no JPEG" };
  try {
    const { facts, parts } = partsOf(image);
    const { color, standard, neural } = parts;
    return {
      ...facts,
      curves: Array.from(color.curves),
      toBt2020: color.toBt2020,
      standard: standard && { ...standard, picture: undefined },
      payload: neural && Buffer.from(neural.payload).toString("base64"),
    };
  } catch (error) {
    return { error: error.message, name: error.name };
  }
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0)).map(answer)));
