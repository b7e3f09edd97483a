// Whether a picture is a payload's own: docs/format.md, "Binding". Pictures are {data, width, height} as ImageData.

import { averaged } from "./working_grid.js";

const [MAX, MEAN] = [1, 0.035]; // steps

/** What is kept of a picture, in file order: plane, frequencies down and across, code values a step, bits. */
const NUMBERS = [];
for (let down = 0; down < 8; down++) {
  for (let across = 0; across < 8 - down; across++) {
    const isMean = down + across === 0;
    NUMBERS.push({ plane: 0, down, across, step: isMean ? 1.75 : 0.625, bits: isMean ? 8 : 2 });
  }
}
for (const plane of [1, 2]) {
  for (const [down, across] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
    const isMean = down + across === 0;
    NUMBERS.push({ plane, down, across, step: isMean ? 1.25 : 0.4375, bits: isMean ? 7 : 2 });
  }
}

/** The EXIF orientation by which the payload's base was turned to become this picture; null for another picture. */
export function findTurn(picture, soft) {
  const found = countedOf(picture);
  const wanted = unpacked(soft);
  for (let turn = 1; turn <= 8; turn++) {
    const counts = turnedCounts(wanted, turn);
    const distances = NUMBERS.map(({ bits }, n) => distance(found[n] - counts[n], 1 << bits));
    const mean = distances.reduce((sum, value) => sum + value, 0) / distances.length;
    if (Math.max(...distances) <= MAX && mean <= MEAN) return turn;
  }
  return null;
}

/** How far outside its interval a number is, in steps, where counts repeat after a period. */
function distance(away, period) {
  return Math.max(Math.abs(away - Math.floor(away / period + 0.5) * period) - 0.5, 0);
}

/** The numbers of a picture, in steps. */
function countedOf(picture) {
  const planes = planesOf(picture);
  return NUMBERS.map(({ plane, down, across, step }) => {
    let sum = 0;
    for (let y = 0; y < 8; y++) {
      for (let x = 0; x < 8; x++) sum += planes[plane][y * 8 + x] * cosine(down, y) * cosine(across, x);
    }
    return sum / step;
  });
}

function cosine(frequency, cell) {
  return ((frequency ? Math.SQRT2 : 1) / 8) * Math.cos((Math.PI / 8) * frequency * (cell + 0.5));
}

/** Means over 8 × 8 cells of Y, Cb and Cr. */
function planesOf({ data, width, height }) {
  const edges = (size) => Array.from({ length: 9 }, (_, n) => (n * size) / 8);
  const lines = averaged(data, { before: 1, size: height, behind: width * 4 }, edges(height));
  const cells = averaged(lines, { before: 8, size: width, behind: 4 }, edges(width));
  const colors = Array.from({ length: 64 }, (_, n) => cells.subarray(n * 4, n * 4 + 3));
  const luma = colors.map(([r, g, b]) => 0.299 * r + 0.587 * g + 0.114 * b);
  return [luma, colors.map((rgb, n) => (rgb[2] - luma[n]) / 1.772), colors.map((rgb, n) => (rgb[0] - luma[n]) / 1.402)];
}

/** The counts in the bytes, the most significant bit first. */
function unpacked(soft) {
  const text = Array.from(soft, (byte) => byte.toString(2).padStart(8, "0")).join("");
  let position = 0;
  return NUMBERS.map(({ bits }) => parseInt(text.slice(position, (position += bits)), 2));
}

/** The counts of the picture turned: a mirror negates odd frequencies, a transposition exchanges the axes. */
function turnedCounts(counts, turn) {
  const indexOf = (plane, down, across) =>
    NUMBERS.findIndex((each) => each.plane === plane && each.down === down && each.across === across);
  return NUMBERS.map(({ plane, down, across }) => {
    const count = turn >= 5 ? counts[indexOf(plane, across, down)] : counts[indexOf(plane, down, across)];
    const mirrored = ([3, 4, 7, 8].includes(turn) ? down : 0) + ([2, 3, 6, 7].includes(turn) ? across : 0);
    return mirrored % 2 ? -count : count;
  });
}
