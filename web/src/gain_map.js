// What a network says, as a standard gain map: code values, and the numbers to read them by.
// Source: ISO 21496-1:2025 clause 5.

import { isWhole, pixelSteps, residualSteps } from "../../src/gainmap_codec/view/static/network.js";
import { workingGrid } from "../../src/gainmap_codec/view/static/working_grid.js";
import { OFFSET, plain } from "./gains.js";

const SCALE = 4; // pixels of the base for each of the map's along a side, of a network without a grid
const STEP = 2 ** -16; // of the range's ends
const OUTLIERS = 0.001; // of the lowest gains between two pictures, which the range leaves out
const SAMPLES = 20_000; // by which that is told

/**
 * The standard gain map of a neural one, in steps of a row: `finished` does them all.
 * @param network As `parsePayload` gives it, its picture decoded.
 * @param picture The base's code values, RGBA as in ImageData, in the raster that the map is to have.
 * @param {() => {curves, toBt2020}} colorOf What they mean; asked only where the map depends on it.
 * @param arithmetic `plain`, or the kernel's.
 * @returns {{codes: {data, width, height}, metadata}} RGBA, grey where one channel tells all; metadata as `ultraHdrJpeg`
 *   takes them.
 */
export function* standardMap(network, picture, colorOf, arithmetic = plain) {
  const isOwn = isOneGain(network);
  const found = isOwn ? yield* ownGain(network, picture, arithmetic) : yield* gainsBetween(network, picture, colorOf(), arithmetic);
  const { values, width, height, offsets } = found;
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
function* ownGain(network, picture, arithmetic) {
  const offsets = [network.baseOffset, network.alternateOffset];
  const grid = workingGrid(network, picture.height, picture.width);
  if (isWhole(grid, grid.rows.parts, grid.columns.parts)) {
    const { values, rows, columns } = yield* residualSteps(network, picture, null, arithmetic);
    return { values, width: columns, height: rows, offsets };
  }
  const small = smaller(picture, mapSize(network, picture), arithmetic);
  return { ...small, values: yield* pixelSteps(network, small, null, arithmetic), offsets };
}

/** Gains of each channel between a small base and the rendition that the network makes of it, in the base's primaries. */
function* gainsBetween(network, picture, color, arithmetic) {
  const small = smaller(picture, mapSize(network, picture), arithmetic);
  const { data, width, height } = small;
  const residual = yield* pixelSteps(network, small, color, arithmetic);
  const gainsOf = arithmetic.gains(network, color, width);
  const values = new Float32Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const within = (array, each) => array.subarray(row * width * each, (row + 1) * width * each);
    gainsOf(within(data, 4), within(residual, network.outputs), within(values, 3));
    yield;
  }
  return { values, width, height, offsets: [OFFSET, OFFSET] };
}

function mapSize(network, { width, height }) {
  if (network.family === "published") return [Math.ceil(width / SCALE), Math.ceil(height / SCALE)];
  const { rows, columns, isTurned } = workingGrid(network, height, width);
  return isTurned ? [rows.parts, columns.parts] : [columns.parts, rows.parts];
}

/** The picture in another size: means of code values. */
function smaller(picture, [columns, rows], { means }) {
  const { data, width, height } = picture;
  if (columns === width && rows === height) return picture;
  const edges = (size, count) => Array.from({ length: count + 1 }, (_, n) => (n * size) / count);
  return { data: Uint8ClampedArray.from(means(data, width, edges(height, rows), edges(width, columns))), width: columns, height: rows };
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

/** The range of a channel's values without the lowest, for which the others would be coarser; highlights are all in it. */
export function usualRange(values, channel, count) {
  const step = Math.ceil(values.length / count / SAMPLES) * count;
  const length = Math.floor((values.length - channel - 1) / step) + 1;
  const sorted = Float32Array.from({ length }, (_, n) => values[channel + n * step]).sort();
  let most = -Infinity;
  for (let at = channel; at < values.length; at += count) most = Math.max(most, values[at]);
  return rangeOf([sorted[Math.floor(length * OUTLIERS)], most]);
}
