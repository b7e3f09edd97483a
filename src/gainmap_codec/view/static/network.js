// A neural gain map evaluated by the processor: the reference for the shader, and what serves where WebGL cannot.

import { firstLevel } from "./payload.js";
import { baseLight, headroomWeight, pqDecode, pqEncode } from "./color.js";
import {
  averagedOverLevel, averagedOverParts, centers, levelPlaces, meansOfPixels, rasterPlaces, tapsAt, turnedPixels, workingGrid,
} from "./working_grid.js";

const EPSILON = 1 / 64;
const BRIGHTEST = 2 ** 15;
const AROUND = [-2, 0, 2]; // levels of the averages, from that of the finest latents on

/**
 * What takes the time: the npm module has the same in WebAssembly (web/src/kernel.js). Planes hold a value for each part
 * of a row, and what `perceptron` gives back is written over the next time.
 */
export const plainArithmetic = {
  planes: (count, length) => Array.from({ length: count }, () => new Float64Array(length)),
  means: meansOfPixels,
  octaves: writeOctaves,
  perceptron,
};

/**
 * What a network of the family "multiscale" is given: means of the base as RGBA in −1…1 on the parts that are
 * evaluated, and coarser grids that are enlarged to them.
 * @param picture {data, width, height}, RGBA code values as in ImageData, stored raster.
 */
export function gridInputs(network, picture, arithmetic = plainArithmetic) {
  const grid = workingGrid(network, picture.height, picture.width);
  const means = averagedOverParts(turnedPixels(picture, grid), grid, arithmetic);
  for (let n = 0; n < means.length; n++) means[n] = (means[n] * 2) / 255 - 1;
  const first = firstLevel(network.grid);
  const around = AROUND.map((step) => averagedOverLevel(means, grid, Math.max(first + step, 0)));
  return { grid, means, around };
}

/**
 * The residual on the parts of the working grid, or in the family "published" on the pixels themselves.
 * @returns {{values: Float32Array, rows: number, columns: number}} of rows × columns × (1 or 3) values.
 */
export const residualOf = (network, picture, color) => finished(residualSteps(network, picture, color));

/** As `residualOf`, one row after the other: for who has other work to do between them. */
export function residualSteps(network, picture, color, arithmetic = plainArithmetic) {
  return network.family === "published" ? publishedSteps(network, picture, color) : gridSteps(network, picture, arithmetic);
}

/** What work in steps comes to. */
export function finished(steps) {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

function* gridSteps(network, picture, arithmetic) {
  const { grid, means, around } = gridInputs(network, picture, arithmetic);
  const [down, across] = [grid.rows.parts, grid.columns.parts];
  const values = new Float32Array(down * across * network.outputs);
  const [x, y] = [centers(grid.columns), centers(grid.rows)];
  const { latents, details, colorOctaves } = network;
  const features = arithmetic.planes(5 + 3 * around.length + 6 * colorOctaves + latents.length, across);
  const rest = [...features]; // in the order of the first layer's weights
  const next = (count) => rest.splice(0, count);
  const [place, line] = next(2);
  const colors = next(3);
  const enlargers = around.map((level) => rowsOf(level, 4, next(3), grid, 2));
  const octaves = colors.map(() => next(2 * colorOctaves));
  enlargers.push(...latents.map((level) => rowsOf(level, 1, next(1), grid)));
  const added = plainArithmetic.planes(details.length, across);
  enlargers.push(...details.map((level, n) => rowsOf(level, 1, [added[n]], grid)));
  const coded = plainArithmetic.planes(network.picture ? network.outputs : 0, across);
  if (network.picture) enlargers.push(rowsOf(network.picture, 4, coded, grid));
  const run = arithmetic.perceptron(network, across);
  for (let column = 0; column < across; column++) place[column] = 2 * (x.scale * column + x.shift);
  for (let row = 0; row < down; row++) {
    line.fill(2 * (y.scale * row + y.shift));
    readColors(means, row * across * 4, colors);
    octaves.forEach((planes, n) => arithmetic.octaves(colors[n], -2, planes));
    for (const enlarge of enlargers) enlarge(row);
    const detail = sumOf(added, across);
    run(features).forEach((plane, n) => {
      for (let column = 0; column < across; column++) {
        const found = Math.min(Math.max(plane[column] + detail[column], -1), 1);
        values[(row * across + column) * network.outputs + n] =
          network.residualShift + network.residualScale * found + (coded.length ? coded[n][column] : 0);
      }
    });
    yield;
  }
  return { values, rows: down, columns: across, grid };
}

/** R, G and B of a row of RGBA means, doubled. */
function readColors(means, start, planes) {
  planes.forEach((plane, c) => {
    for (let n = 0; n < plane.length; n++) plane[n] = 2 * means[start + n * 4 + c];
  });
}

function* publishedSteps(network, picture, color) {
  const { data, width, height } = picture;
  const run = perceptron(network, width);
  const values = new Float32Array(width * height * network.outputs);
  for (let row = 0; row < height; row++) {
    const inputs = Array.from({ length: 5 }, () => new Float64Array(width)); // x, y and three colours
    for (let column = 0; column < width; column++) {
      const colors = publishedColors(network, baseLight(data, (row * width + column) * 4, color));
      [...publishedPlace(network, row, column, height, width), ...colors].forEach((value, n) => (inputs[n][column] = value));
    }
    const features = inputs.flatMap((plane, n) => octavePlanes(plane, n < 2 ? network.positionOctaves : network.colorOctaves, 0));
    run(features).forEach((plane, n) => {
      for (let column = 0; column < width; column++) {
        values[(row * width + column) * network.outputs + n] = network.residualShift + network.residualScale * plane[column];
      }
    });
    yield;
  }
  return { values, rows: height, columns: width };
}

/** The network's x and y of a pixel, in the family "published": −1 and 1 are the outermost pixels' centres. */
export function publishedPlace({ coordinates: [xx, xy, x0, yx, yy, y0] }, row, column, height, width) {
  const along = (n, count) => (count > 1 ? -1 + (2 * n) / (count - 1) : 0);
  const [across, down] = [along(column, width), along(row, height)];
  return [xx * across + xy * down + x0, yx * across + yy * down + y0];
}

/** The colour inputs of a pixel, in the family "published". */
export function publishedColors({ colorShift, colorScale }, light) {
  return light.map((linear) => (pqEncode(linear) - colorShift) * colorScale);
}

/** Sines and cosines of 2^k·π·value. */
export function octaves(value, count, first) {
  return Array.from({ length: count }, (_, k) => 2 ** (first + k) * Math.PI * value)
    .flatMap((angle) => [Math.sin(angle), Math.cos(angle)]);
}

/** Those of many values at once, a plane each. */
function octavePlanes(plane, count, first) {
  const planes = plainArithmetic.planes(2 * count, plane.length);
  writeOctaves(plane, first, planes);
  return planes;
}

function writeOctaves(plane, first, planes) {
  planes.forEach((made, n) => {
    const factor = 2 ** (first + (n >> 1)) * Math.PI;
    const wave = n % 2 ? Math.cos : Math.sin;
    for (let place = 0; place < plane.length; place++) made[place] = wave(factor * plane[place]);
  });
}

const relu = (value) => (value > 0 ? value : 0);

/** Values changed in place: a loop is several times as fast as `map`. */
function changed(plane, change) {
  for (let n = 0; n < plane.length; n++) plane[n] = change(plane[n]);
  return plane;
}

function sumOf(planes, length) {
  const sum = new Float64Array(length);
  for (const plane of planes) for (let n = 0; n < length; n++) sum[n] += plane[n];
  return sum;
}

/**
 * What makes of `count` places' features what the last layer says of them: planes (Float64Array) go in and come out.
 * The next call writes over what came out.
 */
function perceptron({ layers, family }, count) {
  const activation = family === "multiscale" ? relu : Math.sin;
  const steps = layers.map((layer, n) => {
    const sums = Array.from({ length: layer.outputs }, () => new Float64Array(count));
    const inputs = layer.inputs - (family === "multiscale" ? 1 : 0);
    const biases = layer.weights.subarray(inputs * layer.outputs); // those of the input that is always 1
    const blocks = blocksOf(layer, inputs);
    return (planes) => {
      sums.forEach((sum, output) => sum.fill(biases[output] ?? 0));
      for (const { first, second, own, others, places } of blocks) {
        const [a, b, c, d] = places.map((place) => planes[place]);
        if (first === second) addWeighted(sums[first], own, a, b, c, d);
        else addToBoth(sums[first], own, sums[second], others, a, b, c, d);
      }
      if (n < 2) for (const sum of sums) changed(sum, activation);
      return sums;
    };
  });
  return (features) => steps.reduce((planes, step) => step(planes), features);
}

/** Weights for two neurons and four inputs at a time: reading and writing the sums costs more than they do. */
function blocksOf({ outputs, weights }, inputs) {
  const blocks = [];
  for (let first = 0; first < outputs; first += 2) {
    const second = Math.min(first + 1, outputs - 1);
    for (let input = 0; input < inputs; input += 4) {
      const four = [input, input + 1, input + 2, input + 3];
      const [own, others] = [first, second].map((output) => four.map((n) => (n < inputs ? weights[n * outputs + output] : 0)));
      blocks.push({ first, second, own, others, places: four.map((n) => Math.min(n, inputs - 1)) });
    }
  }
  return blocks;
}

function addWeighted(sum, [p, q, r, s], a, b, c, d) {
  for (let n = 0; n < sum.length; n++) sum[n] += p * a[n] + q * b[n] + r * c[n] + s * d[n];
}

function addToBoth(one, [p, q, r, s], other, [t, u, v, w], a, b, c, d) {
  for (let n = 0; n < one.length; n++) {
    const i = a[n];
    const j = b[n];
    const k = c[n];
    const l = d[n];
    one[n] += p * i + q * j + r * k + s * l;
    other[n] += t * i + u * j + v * k + w * l;
  }
}

/** What writes the first channels of a level, enlarged to a row of a grid's parts, bilinearly, into a plane each. */
function rowsOf({ values, rows, columns }, channels, planes, grid, factor = 1) {
  const [down, across] = [levelPlaces(grid.rows, rows), levelPlaces(grid.columns, columns)];
  const taps = Array.from({ length: grid.columns.parts }, (_, n) => tapsAt(n * across.scale + across.shift, columns));
  const [left, right] = [0, 1].map((side) => Int32Array.from(taps, (tap) => tap[side] * channels));
  const beside = Float64Array.from(taps, (tap) => tap[2]);
  const line = new Float64Array(columns * channels);
  return (row) => {
    const [top, bottom, below] = tapsAt(row * down.scale + down.shift, rows);
    for (let n = 0; n < line.length; n++) {
      const upper = values[top * line.length + n];
      line[n] = factor * (upper + (values[bottom * line.length + n] - upper) * below);
    }
    planes.forEach((plane, channel) => {
      for (let n = 0; n < plane.length; n++) {
        const first = line[left[n] + channel];
        plane[n] = first + (line[right[n] + channel] - first) * beside[n];
      }
    });
  };
}

/** Bilinear interpolation of a grid of rows × columns × channels values. */
function enlarged({ values, rows, columns }, row, column, channels) {
  const [top, bottom, below] = tapsAt(row, rows);
  const [left, right, beside] = tapsAt(column, columns);
  return Array.from({ length: channels }, (_, channel) => {
    const at = (y, x) => values[(y * columns + x) * channels + channel];
    const upper = at(top, left) + (at(top, right) - at(top, left)) * beside;
    const lower = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * beside;
    return upper + (lower - upper) * below;
  });
}

/**
 * The rendition of a base for a display.
 * @param picture RGBA code values as in ImageData, stored raster.
 * @param color {curves, toBt2020}: light of each code (Float32Array, R, G, B of each), and the matrix to BT.2020.
 * @param headroom Of the display, log2; Infinity for the whole HDR rendition.
 * @returns {Float32Array} Linear BT.2020, RGB of each pixel; 1 = SDR white.
 */
export function renderNeural(network, picture, color, headroom) {
  const { width, height, data } = picture;
  const residual = residualOfPixels(network, picture, color);
  const out = new Float32Array(width * height * 3);
  const weight = headroomWeight(headroom, network.baseHeadroom, network.alternateHeadroom);
  for (let n = 0; n < width * height; n++) {
    out.set(renditionAt(network, residual, n, baseLight(data, n * 4, color), weight), n * 3);
  }
  return out;
}

/** The rendition of one pixel, from its residual and the base's light, both in BT.2020. */
export function renditionAt(network, residual, n, base, weight) {
  return base.map((light, channel) => renditionOf(network, residual[n * network.outputs + (channel % network.outputs)], light, weight));
}

/** The residual of each pixel: Float32Array of height × width × (1 or 3) values. */
export const residualOfPixels = (network, picture, color) => finished(pixelSteps(network, picture, color));

/** As `residualOfPixels`, one row after the other. */
export function* pixelSteps(network, picture, color, arithmetic = plainArithmetic) {
  const residual = yield* residualSteps(network, picture, color, arithmetic);
  const { width, height } = picture;
  if (!residual.grid || isWhole(residual.grid, height, width)) return residual.values;
  const values = new Float32Array(width * height * network.outputs);
  const place = placesOf(residual, height, width);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      for (const value of enlarged(residual, ...place(row, column), network.outputs)) values[at++] = value;
    }
    yield;
  }
  return values;
}

/** Whether the parts of a grid are pixels of a raster of this size: one that lies straight under the whole of it. */
export function isWhole({ rows, columns, isTurned, flipsRows, flipsColumns }, height, width) {
  const isStraight = !isTurned && !flipsRows && !flipsColumns;
  const isCovered = [rows, columns].every(({ start, stop, low, high }) => start === low && stop === high);
  return isStraight && isCovered && rows.parts === height && columns.parts === width;
}

function placesOf({ grid }, height, width) {
  if (!grid) return (row, column) => [row, column];
  const [down, across] = [rasterPlaces(grid.rows), rasterPlaces(grid.columns)];
  return (row, column) => {
    let [y, x] = grid.isTurned ? [column, row] : [row, column];
    if (grid.flipsRows) y = grid.rows.size - 1 - y;
    if (grid.flipsColumns) x = grid.columns.size - 1 - x;
    return [y * down.scale + down.shift, x * across.scale + across.shift];
  };
}

function renditionOf({ domain, baseOffset, alternateOffset }, residual, base, weight) {
  if (domain === "log2_gain") {
    const light = (base + baseOffset) * 2 ** Math.min(residual * weight, 64) - alternateOffset;
    return Math.min(Math.max(light, 0), BRIGHTEST);
  }
  const hdr = pqDecode(pqOf(domain, residual, pqEncode(base)));
  if (weight === 1) return hdr;
  const ratio = (hdr + alternateOffset) / Math.max(base + baseOffset, 1e-6);
  return Math.max((base + baseOffset) * ratio ** weight - alternateOffset, 0);
}

function pqOf(domain, residual, pq) {
  if (domain === "pq_gain") return (pq + EPSILON) * residual - EPSILON;
  return domain === "pq_gamma" ? (pq + EPSILON) ** residual - EPSILON : pq + residual;
}
