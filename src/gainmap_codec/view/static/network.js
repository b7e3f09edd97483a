// A neural gain map evaluated by the processor: the reference for the shader, and what serves where WebGL cannot.

import { cellsOf, firstLevel } from "./payload.js";
import { baseLight, headroomWeight, pqDecode, pqEncode } from "./color.js";
import {
  averagedOverLevel, averagedOverParts, centers, levelPlaces, rasterPlaces, tapsAt, turnedPixels, workingGrid,
} from "./working_grid.js";

const EPSILON = 1 / 64;
const BRIGHTEST = 2 ** 15;
const AROUND = [-2, 0, 2]; // levels of the averages, from that of the finest latents on

/**
 * What a network of the family "multiscale" is given: means of the base as RGBA in −1…1 on the parts that are
 * evaluated, and coarser grids that are enlarged to them.
 * @param picture {data, width, height}, RGBA code values as in ImageData, stored raster.
 */
export function gridInputs(network, picture) {
  const grid = workingGrid(network, picture.height, picture.width);
  const means = averagedOverParts(turnedPixels(picture, grid), grid);
  for (let n = 0; n < means.length; n++) means[n] = (means[n] * 2) / 255 - 1;
  const first = firstLevel(network.grid);
  const around = AROUND.map((step) => averagedOverLevel(means, grid, Math.max(first + step, 0)));
  return { grid, means, around };
}

/**
 * The residual on the parts of the working grid, or in the family "published" on the pixels themselves.
 * @returns {{values: Float32Array, rows: number, columns: number}} of rows × columns × (1 or 3) values.
 */
export function residualOf(network, picture, color) {
  return network.family === "published" ? publishedResidual(network, picture, color) : gridResidual(network, picture);
}

function gridResidual(network, picture) {
  const { grid, means, around } = gridInputs(network, picture);
  const [down, across] = [grid.rows.parts, grid.columns.parts];
  const values = new Float32Array(down * across * network.outputs);
  const [x, y] = [centers(grid.columns), centers(grid.rows)];
  const enlargedRow = (level, channels, used) => rowsOf(level, channels, used, grid);
  const arounds = around.map((level) => enlargedRow(level, 4, 3));
  const latents = network.latents.map((level) => enlargedRow(level, 1, 1));
  const details = network.details.map((level) => enlargedRow(level, 1, 1));
  const added = network.picture ? [enlargedRow(network.picture, 4, network.outputs)] : [];
  const run = perceptron(network, relu, across);
  const place = Float64Array.from({ length: across }, (_, column) => 2 * (x.scale * column + x.shift));
  for (let row = 0; row < down; row++) {
    const colors = colorPlanes(means.subarray(row * across * 4, (row + 1) * across * 4));
    const features = [
      place,
      new Float64Array(across).fill(2 * (y.scale * row + y.shift)),
      ...[...colors.map((plane) => plane.slice()), ...arounds.flatMap((level) => level(row))].map(doubled),
      ...colors.flatMap((plane) => octavePlanes(plane, network.colorOctaves, -1)),
      ...latents.flatMap((level) => level(row)),
    ];
    const detail = sumOf(details.flatMap((level) => level(row)), across);
    const more = added.flatMap((level) => level(row));
    run(features).forEach((plane, n) => {
      for (let column = 0; column < across; column++) {
        const found = Math.min(Math.max(plane[column] + detail[column], -1), 1);
        values[(row * across + column) * network.outputs + n] =
          network.residualShift + network.residualScale * found + (more.length ? more[n][column] : 0);
      }
    });
  }
  return { values, rows: down, columns: across, grid };
}

function publishedResidual(network, picture, color) {
  const { data, width, height } = picture;
  const run = perceptron(network, Math.sin, width);
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
  return Array.from({ length: count }, (_, k) => plane.map((value) => 2 ** (first + k) * Math.PI * value))
    .flatMap((angles) => [angles.map(Math.sin), angles.map(Math.cos)]);
}

const relu = (value) => (value > 0 ? value : 0);
const doubled = (plane) => changed(plane, (value) => 2 * value);

/** Values changed in place: a loop is several times as fast as `map`. */
function changed(plane, change) {
  for (let n = 0; n < plane.length; n++) plane[n] = change(plane[n]);
  return plane;
}

/** R, G and B of RGBA values. */
function colorPlanes(values) {
  const planes = [0, 1, 2].map(() => new Float64Array(values.length / 4));
  for (let n = 0; n < values.length; n += 4) for (let c = 0; c < 3; c++) planes[c][n >> 2] = values[n + c];
  return planes;
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
function perceptron({ layers, family }, activation, count) {
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

/**
 * The first `used` channels of a level enlarged to the parts of a grid, bilinearly: planes for each row, which the next
 * row writes over.
 */
function rowsOf({ values, rows, columns }, channels, used, grid) {
  const [down, across] = [levelPlaces(grid.rows, rows), levelPlaces(grid.columns, columns)];
  const taps = Array.from({ length: grid.columns.parts }, (_, n) => tapsAt(n * across.scale + across.shift, columns));
  const [left, right] = [0, 1].map((side) => Int32Array.from(taps, (tap) => tap[side] * channels));
  const beside = Float64Array.from(taps, (tap) => tap[2]);
  const line = new Float64Array(columns * channels);
  const planes = Array.from({ length: used }, () => new Float64Array(taps.length));
  return (row) => {
    const [top, bottom, below] = tapsAt(row * down.scale + down.shift, rows);
    for (let n = 0; n < line.length; n++) {
      const upper = values[top * line.length + n];
      line[n] = upper + (values[bottom * line.length + n] - upper) * below;
    }
    planes.forEach((plane, channel) => {
      for (let n = 0; n < plane.length; n++) {
        const first = line[left[n] + channel];
        plane[n] = first + (line[right[n] + channel] - first) * beside[n];
      }
    });
    return planes;
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
    baseLight(data, n * 4, color).forEach((light, channel) => {
      const found = residual[n * network.outputs + (channel % network.outputs)];
      out[n * 3 + channel] = renditionOf(network, found, light, weight);
    });
  }
  return out;
}

/** The residual of each pixel: Float32Array of height × width × (1 or 3) values. */
export function residualOfPixels(network, picture, color) {
  const residual = residualOf(network, picture, color);
  const { width, height } = picture;
  if (!residual.grid || isWhole(residual.grid, height, width)) return residual.values;
  const values = new Float32Array(width * height * network.outputs);
  const place = placesOf(residual, height, width);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      for (const value of enlarged(residual, ...place(row, column), network.outputs)) values[at++] = value;
    }
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
