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
  const means = averagedOverParts(turnedPixels(picture, grid), grid).map((code) => (code * 2) / 255 - 1);
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
  const sample = (level, row, column, channels) => {
    const places = [levelPlaces(grid.rows, level.rows), levelPlaces(grid.columns, level.columns)];
    return enlarged(level, row * places[0].scale + places[0].shift, column * places[1].scale + places[1].shift, channels);
  };
  const { picture: added } = network;
  for (let row = 0; row < down; row++) {
    for (let column = 0; column < across; column++) {
      const at = (row * across + column) * 4;
      const rgb = [means[at], means[at + 1], means[at + 2]];
      const features = [x.scale * column + x.shift, y.scale * row + y.shift, ...rgb];
      for (const level of around) features.push(...sample(level, row, column, 4).slice(0, 3));
      features.forEach((value, n) => (features[n] = 2 * value));
      for (const value of rgb) features.push(...octaves(value, network.colorOctaves, -1));
      for (const level of network.latents) features.push(...sample(level, row, column, 1));
      const detail = network.details.reduce((sum, level) => sum + sample(level, row, column, 1)[0], 0);
      const output = forward(network, [...features, 1], (value) => Math.max(value, 0));
      const more = added ? sample(added, row, column, 4) : [0, 0, 0];
      output.forEach((value, n) => {
        values[(row * across + column) * network.outputs + n] =
          network.residualShift + network.residualScale * Math.min(Math.max(value + detail, -1), 1) + more[n];
      });
    }
  }
  return { values, rows: down, columns: across, grid };
}

function publishedResidual(network, picture, color) {
  const { data, width, height } = picture;
  const values = new Float32Array(width * height * network.outputs);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [x, y] = publishedPlace(network, row, column, height, width);
      const features = [...octaves(x, network.positionOctaves, 0), ...octaves(y, network.positionOctaves, 0)];
      for (const value of publishedColors(network, baseLight(data, (row * width + column) * 4, color))) {
        features.push(...octaves(value, network.colorOctaves, 0));
      }
      forward(network, features, Math.sin).forEach((value, n) => {
        const at = (row * width + column) * network.outputs + n;
        values[at] = network.residualShift + network.residualScale * value;
      });
    }
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

function forward({ layers, family }, features, activation) {
  let values = features;
  layers.forEach(({ outputs, weights }, n) => {
    const sums = new Array(outputs).fill(0);
    values.forEach((value, input) => {
      for (let output = 0; output < outputs; output++) sums[output] += value * weights[input * outputs + output];
    });
    values = n < 2 ? sums.map(activation) : sums;
    if (n < 2 && family === "multiscale") values.push(1);
  });
  return values;
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
  const residual = residualOf(network, picture, color);
  const { width, height, data } = picture;
  const out = new Float32Array(width * height * 3);
  const place = placesOf(residual, height, width);
  const weight = headroomWeight(headroom, network.baseHeadroom, network.alternateHeadroom);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const base = baseLight(data, (row * width + column) * 4, color);
      const found = enlarged(residual, ...place(row, column), network.outputs);
      base.forEach((light, n) => {
        out[(row * width + column) * 3 + n] = renditionOf(network, found[n % found.length], light, weight);
      });
    }
  }
  return out;
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
