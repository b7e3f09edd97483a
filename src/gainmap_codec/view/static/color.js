// Primaries, curves and PQ: linear light has 1 = SDR white = 203 cd/m². Matrices are row by row.

export const SDR_WHITE_NITS = 203;
const PQ_PEAK = 10000 / SDR_WHITE_NITS;
const [M1, M2] = [2610 / 16384, (2523 / 4096) * 128];
const [C1, C2, C3] = [3424 / 4096, (2413 / 4096) * 32, (2392 / 4096) * 32]; // SMPTE ST 2084

export const TO_BT2020 = {
  srgb: [
    0.6274038959, 0.3292830384, 0.0433130657,
    0.0690972894, 0.9195403951, 0.0113623156,
    0.0163914389, 0.0880133079, 0.8955952532,
  ],
  "display-p3": [
    0.7538330344, 0.1985973691, 0.0475695966,
    0.0457438490, 0.9417772198, 0.0124789312,
    -0.0012103404, 0.0176017173, 0.9836086231,
  ],
  bt2020: [1, 0, 0, 0, 1, 0, 0, 0, 1],
};

export const FROM_BT2020 = Object.fromEntries(Object.entries(TO_BT2020).map(([name, m]) => [name, inverse(m)]));

/** Light of the 256 code values of a picture with the sRGB curve, three times: Float32Array, R, G, B of each code. */
export function srgbCurves() {
  return Float32Array.from({ length: 768 }, (_, n) => srgbDecode(Math.floor(n / 3) / 255));
}

export function srgbDecode(code) {
  return code <= 0.04045 ? code / 12.92 : ((code + 0.055) / 1.055) ** 2.4;
}

/** PQ code, 0…1, of linear light. */
export function pqEncode(linear) {
  const y = Math.min(Math.max(linear / PQ_PEAK, 0), 1) ** M1;
  return ((C1 + C2 * y) / (1 + C3 * y)) ** M2;
}

/** Linear light of a PQ code, 0…1. */
export function pqDecode(code) {
  const p = Math.min(Math.max(code, 0), 1) ** (1 / M2);
  return (Math.max(p - C1, 0) / (C2 - C3 * p)) ** (1 / M1) * PQ_PEAK;
}

export function transform(m, [r, g, b]) {
  return [0, 3, 6].map((row) => m[row] * r + m[row + 1] * g + m[row + 2] * b);
}

/** Linear BT.2020 of the pixel at `at` of RGBA code values. */
export function baseLight(data, at, { curves, toBt2020 }) {
  return transform(toBt2020, [0, 1, 2].map((n) => curves[data[at + n] * 3 + n]));
}

/** The matrix that does `second` after `first`. */
export function product(second, first) {
  const columns = [0, 1, 2].map((n) => transform(second, [first[n], first[n + 3], first[n + 6]]));
  return [0, 1, 2].flatMap((row) => columns.map((column) => column[row]));
}

export function inverse([a, b, c, d, e, f, g, h, i]) {
  const cofactors = [e * i - f * h, c * h - b * i, b * f - c * e, f * g - d * i, a * i - c * g, c * d - a * f];
  const rest = [d * h - e * g, b * g - a * h, a * e - b * d];
  const determinant = a * cofactors[0] + b * cofactors[3] + c * rest[0];
  return [...cofactors, ...rest].map((value) => value / determinant);
}

/** How far to go from base to alternate on a display: clause 6 of ISO 21496-1; headrooms are log2. */
export function headroomWeight(headroom, base, alternate) {
  return alternate === base ? 0 : Math.min(Math.max((headroom - base) / (alternate - base), 0), 1);
}
