// Whether a picture is a payload's own: docs/format.md, "Binding". Pictures are {data, width, height} as ImageData.

import { averaged } from "./working_grid.js";

const [LUMA_STEP, CHROMA_STEP] = [4, 8];

/** The EXIF orientation by which the payload's base was turned to become this picture; null for another picture. */
export function findTurn(picture, soft) {
  const found = meansOf(picture);
  const wanted = unpacked(soft);
  for (let turn = 1; turn <= 8; turn++) {
    const [luma, cb, cr] = wanted.map((plane) => turnedSquare(plane, turn));
    const lumaDistances = found.luma.map((value, n) => outside(value, luma[n] * LUMA_STEP, LUMA_STEP));
    const tints = [found.cb.map((value, n) => tint(value, cb[n])), found.cr.map((value, n) => tint(value, cr[n]))];
    const mean = lumaDistances.reduce((sum, value) => sum + value, 0) / 64;
    if (Math.max(...lumaDistances) <= 4 && mean <= 0.6 && Math.max(...tints.flat()) <= 1) return turn;
  }
  return null;
}

function meansOf({ data, width, height }) {
  const edges = (size) => Array.from({ length: 9 }, (_, n) => (n * size) / 8);
  const lines = averaged(data, { before: 1, size: height, behind: width * 4 }, edges(height));
  const cells = averaged(lines, { before: 8, size: width, behind: 4 }, edges(width));
  const lumaAt = (r, g, b) => 0.299 * r + 0.587 * g + 0.114 * b;
  const luma = Array.from({ length: 64 }, (_, n) => lumaAt(...cells.subarray(n * 4, n * 4 + 3)));
  const [cb, cr] = [[], []];
  for (let n = 0; n < 16; n++) {
    const first = Math.floor(n / 4) * 16 + (n % 4) * 2;
    const mean = (channel) => [0, 1, 8, 9].reduce((sum, step) => sum + cells[(first + step) * 4 + channel], 0) / 4;
    const [r, g, b] = [mean(0), mean(1), mean(2)];
    cb.push((b - lumaAt(r, g, b)) / 1.772);
    cr.push((r - lumaAt(r, g, b)) / 1.402);
  }
  return { luma, cb, cr };
}

/** The codes of Y, Cb and Cr. */
function unpacked(soft) {
  const bits = Array.from(soft, (byte) => byte.toString(2).padStart(8, "0")).join("");
  const codes = (start, count, size) =>
    Array.from({ length: count }, (_, n) => parseInt(bits.slice(start + n * size, start + (n + 1) * size), 2));
  return [codes(0, 64, 6), codes(384, 16, 4), codes(448, 16, 4)];
}

function turnedSquare(plane, turn) {
  const side = Math.sqrt(plane.length);
  return plane.map((_, n) => {
    let [y, x] = [Math.floor(n / side), n % side];
    if ([3, 4, 7, 8].includes(turn)) y = side - 1 - y;
    if ([2, 3, 6, 7].includes(turn)) x = side - 1 - x;
    if (turn >= 5) [y, x] = [x, y];
    return plane[y * side + x];
  });
}

const outside = (value, start, size) => Math.max(start - value, value - start - size, 0);

const tint = (value, code) => outside(Math.min(Math.max(value, -64), 63), (code - 8) * CHROMA_STEP, CHROMA_STEP);
