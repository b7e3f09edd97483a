// What a network says, as a standard gain map: code values, and the numbers to read them by.
// Source: ISO 21496-1:2025 clause 5.

import { FROM_BT2020, baseLight, inverse, transform } from "../../src/gainmap_codec/view/static/color.js";
import { isWhole, renderNeural, residualOf, residualOfPixels } from "../../src/gainmap_codec/view/static/network.js";
import { averaged, workingGrid } from "../../src/gainmap_codec/view/static/working_grid.js";

const OFFSET = 1 / 64; // where the network names none that a standard map could use
const SCALE = 4; // pixels of the base for each of the map's along a side, of a network without a grid
const STEP = 2 ** -16; // of the range's ends
const OUTLIERS = 0.001; // at either end of gains between two pictures, which the range leaves out
const SAMPLES = 20_000; // by which that is told

/**
 * The standard gain map of a neural one.
 * @param network As `parsePayload` gives it, its picture decoded.
 * @param picture The base's code values, RGBA as in ImageData, in the raster that the map is to have.
 * @param {() => {curves, toBt2020}} colorOf What they mean; asked only where the map depends on it.
 * @returns {{codes: {data, width, height}, metadata}} RGBA, grey where one channel tells all; metadata as `ultraHdrJpeg`
 *   takes them.
 */
export function standardMap(network, picture, colorOf) {
  const isOwn = isOneGain(network);
  const { values, width, height, offsets } = isOwn ? ownGain(network, picture) : gainsBetween(network, picture, colorOf());
  const count = values.length / (width * height);
  const channels = Array.from({ length: count }, (_, n) => (isOwn ? rangeOf(values) : usualRange(values, n, count)));
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let c = 0; c < 3; c++) {
    const { min, max } = channels[c % count];
    const scale = max > min ? 255 / (max - min) : 0;
    for (let at = c, from = c % count; at < data.length; at += 4, from += count) data[at] = (values[from] - min) * scale; // rounds
  }
  const [baseOffset, alternateOffset] = offsets;
  const numbers = channels.map((range) => ({ ...range, gamma: 1, baseOffset, alternateOffset }));
  const { baseHeadroom, alternateHeadroom } = network;
  return { codes: { data, width, height }, metadata: { baseHeadroom, alternateHeadroom, channels: numbers } };
}

/** Whether the residual is a standard map's gain itself, the same in all primaries, since these share their white. */
const isOneGain = ({ family, domain, outputs }) => family === "multiscale" && domain === "log2_gain" && outputs === 1;

/** The network's own gain on its own grid; of a base that was cut or turned, on a grid like it over the base. */
function ownGain(network, picture) {
  const offsets = [network.baseOffset, network.alternateOffset];
  const grid = workingGrid(network, picture.height, picture.width);
  if (isWhole(grid, grid.rows.parts, grid.columns.parts)) {
    const { values, rows, columns } = residualOf(network, picture);
    return { values, width: columns, height: rows, offsets };
  }
  const small = smaller(picture, mapSize(network, picture));
  return { ...small, values: residualOfPixels(network, small), offsets };
}

/** Gains of each channel between a small base and the rendition that the network makes of it, in the base's primaries. */
function gainsBetween(network, picture, color) {
  const small = smaller(picture, mapSize(network, picture));
  const { data, width, height } = small;
  const hdr = renderNeural(network, small, color, Infinity);
  const toBase = inverse(color.toBt2020);
  const values = new Float32Array(width * height * 3);
  const plain = { curves: color.curves, toBt2020: FROM_BT2020.bt2020 }; // the base's own light
  for (let n = 0; n < width * height; n++) {
    const base = baseLight(data, n * 4, plain);
    const bright = transform(toBase, hdr.subarray(n * 3, n * 3 + 3));
    for (let c = 0; c < 3; c++) values[n * 3 + c] = Math.log2((Math.max(bright[c], 0) + OFFSET) / (base[c] + OFFSET));
  }
  return { values, width, height, offsets: [OFFSET, OFFSET] };
}

function mapSize(network, { width, height }) {
  if (network.family === "published") return [Math.ceil(width / SCALE), Math.ceil(height / SCALE)];
  const { rows, columns, isTurned } = workingGrid(network, height, width);
  return isTurned ? [rows.parts, columns.parts] : [columns.parts, rows.parts];
}

/** The picture in another size: means of code values. */
function smaller({ data, width, height }, [columns, rows]) {
  const edges = (size, count) => Array.from({ length: count + 1 }, (_, n) => (n * size) / count);
  const lines = averaged(data, { before: 1, size: height, behind: width * 4 }, edges(height, rows));
  const means = averaged(lines, { before: rows, size: width, behind: 4 }, edges(width, columns));
  return { data: Uint8ClampedArray.from(means), width: columns, height: rows };
}

/** The ends of values, rounded outwards. */
function rangeOf(values) {
  let [min, max] = [Infinity, -Infinity];
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return { min: Math.floor(min / STEP) * STEP, max: Math.ceil(max / STEP) * STEP };
}

/** The range of a channel's values without outliers, for which the others would be coarser. */
function usualRange(values, channel, count) {
  const step = Math.ceil(values.length / count / SAMPLES) * count;
  const length = Math.floor((values.length - channel - 1) / step) + 1;
  const sorted = Float32Array.from({ length }, (_, n) => values[channel + n * step]).sort();
  const left = Math.floor(length * OUTLIERS);
  return rangeOf(sorted.subarray(left, length - left));
}
