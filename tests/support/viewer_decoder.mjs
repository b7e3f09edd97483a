// Decodes payloads by the page's own modules: a JSON list of jobs comes in, a list of answers goes out.

import { readFileSync } from "node:fs";

const [folder] = process.argv.slice(2);
const { parsePayload, payloadOfJpeg } = await import(`${folder}/payload.js`);
const { findTurn } = await import(`${folder}/binding.js`);
const { avifOf, withPictureValues } = await import(`${folder}/coded_picture.js`);
const { renderNeural } = await import(`${folder}/network.js`);
const { TO_BT2020, srgbCurves } = await import(`${folder}/color.js`);

const bytesOf = (text) => new Uint8Array(Buffer.from(text, "base64"));

// Node has no decoder of AV1: a job brings what its payload's picture is decoded to, `codes` in RGBA.
async function answer({ payload, jpeg, pixels, width, height, headroom, codes }) {
  try {
    const parsed = parsePayload(jpeg ? payloadOfJpeg(bytesOf(jpeg)) : bytesOf(payload));
    const { rows, columns } = parsed.picture ?? {};
    const network = await withPictureValues(parsed, () => ({ data: bytesOf(codes), width: columns, height: rows }));
    const found = { network: plain(network) };
    if (parsed.picture) found.avif = Buffer.from(avifOf(parsed.picture, parsed.outputs)).toString("base64");
    if (pixels) {
      const picture = { data: bytesOf(pixels), width, height };
      const color = { curves: srgbCurves(), toBt2020: TO_BT2020.srgb };
      const rendition = renderNeural(network, picture, color, headroom ?? Infinity);
      found.rendition = Buffer.from(rendition.buffer).toString("base64");
      found.turn = findTurn(picture, network.binding.soft);
    }
    return found;
  } catch (error) {
    return { error: `${error.name}: ${error.message}` };
  }
}

function plain({ layers, latents, details, binding, picture, ...rest }) {
  const integers = ({ values, step }) => Array.from(values, (value) => Math.round(value / 2 ** (step / 4)));
  return {
    ...rest,
    layers: layers.map(({ inputs, outputs, step, integers: weights }) => ({ inputs, outputs, step, weights: [...weights] })),
    latents: [...latents, ...details].map((grid) => ({ rows: grid.rows, columns: grid.columns, step: grid.step, values: integers(grid) })),
    soft: Buffer.from(binding.soft).toString("hex"),
    strict: Buffer.from(binding.strict).toString("hex"),
  };
}

process.stdout.write(JSON.stringify(await Promise.all(JSON.parse(readFileSync(0)).map(answer))));
