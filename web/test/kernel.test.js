// The kernel computes what plain JavaScript does.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { standardMap, usualRange } from "../src/gain_map.js";
import { plain } from "../src/gains.js";
import { arithmeticOf } from "../src/kernel.js";
import { TO_BT2020, srgbCurves } from "../../src/gainmap_codec/view/static/color.js";
import { finished, residualSteps } from "../../src/gainmap_codec/view/static/network.js";
import { parsePayload } from "../../src/gainmap_codec/view/static/payload.js";

const folder = new URL("../../fixtures/payload/v1/", import.meta.url);
const NAMES = readdirSync(folder).filter((name) => name.endsWith(".bin") && !name.startsWith("paper"));
const COLOR = { curves: srgbCurves(), toBt2020: TO_BT2020["display-p3"] };

const { compiledKernel } = await import("../kernel.mjs").catch(() => ({}));
const skip = compiledKernel ? false : "assemblyscript is not installed (npm ci)";
const module = compiledKernel && (await WebAssembly.compile(await compiledKernel()));

/** Colours of all kinds, with smooth places and edges; the sizes are no multiples of anything. */
function picture(width, height) {
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let n = 0; n < width * height; n++) {
    const [x, y] = [n % width, Math.floor(n / width)];
    data.set([(x * 255) / width, (y * 255) / height, (x ^ y) & 16 ? 200 + (x % 50) : (x * y) % 60], n * 4);
  }
  return { data, width, height };
}

/** A payload's network; its picture, which node cannot decode, has values all the same. */
function networkOf(name) {
  const network = parsePayload(new Uint8Array(readFileSync(new URL(name, folder))));
  const { picture: coded } = network;
  if (!coded) return network;
  const values = Float32Array.from({ length: coded.rows * coded.columns * 4 }, (_, n) => (n % 7) / 100);
  return { ...network, picture: { ...coded, values } };
}

const largest = (one, other) => one.reduce((most, value, n) => Math.max(most, Math.abs(value - other[n])), 0);

for (const name of NAMES) {
  test(`${name}: residuals, gains and codes`, { skip }, async () => {
    const network = networkOf(name);
    for (const [width, height] of [[150, 101], [37, 29]]) {
      const base = picture(width, height);
      const [slow, fast] = [plain, await arithmeticOf(module)].map((arithmetic) => ({
        residual: finished(residualSteps(network, base, COLOR, arithmetic)).values,
        map: finished(standardMap(network, base, () => COLOR, arithmetic)),
      }));
      assert.ok(largest(slow.residual, fast.residual) < 1e-5);
      assert.ok(largest(slow.map.codes.data, fast.map.codes.data) <= 1);
      const [ends, others] = [slow, fast].map(({ map }) => map.metadata.channels.flatMap(({ min, max }) => [min, max]));
      assert.ok(largest(ends, others) < 2 ** -12, `${ends} ${others}`); // stops, far less than an 8-bit code
    }
  });
}

test("ranges of gains leave out the lowest, and no highlight", () => {
  const count = 3, values = new Float32Array(count * 100_000).fill(1);
  values[1 + count * 7] = 5; // between the samples
  for (let n = 0; n < 15; n++) values[1 + count * 5 * n] = -9;
  assert.deepEqual(usualRange(values, 1, count), { min: 1, max: 5 });
  assert.deepEqual(usualRange(values, 0, count), { min: 1, max: 1 });
});
