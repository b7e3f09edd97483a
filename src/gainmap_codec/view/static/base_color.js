// What a base's code values mean: its profile, where that is three curves and a matrix. Source: ICC.1:2022.

import { TO_BT2020, product, srgbCurves } from "./color.js";
import { iccProfileOf } from "./jpeg_segments.js";

const FROM_D50_XYZ = [ // to BT.2020, whose white is D65: Bradford's adaptation
  1.6472324, -0.3936125, -0.2359668,
  -0.6826173, 1.6476124, 0.0128103,
  0.0296815, -0.0629493, 1.2538858,
];

/** @returns {{curves: Float32Array, toBt2020: number[]}} As `Renderer` takes them; without a profile those of sRGB. */
export function baseColorOf(image) {
  const profile = iccProfileOf(image);
  return profile ? colorOfProfile(profile) : { curves: srgbCurves(), toBt2020: TO_BT2020.srgb };
}

/** The same of a profile's bytes. */
export function colorOfProfile(profile) {
  const tags = tagsOf(profile);
  const columns = ["rXYZ", "gXYZ", "bXYZ"].map((name) => xyzOf(tags[name]));
  const curves = ["rTRC", "gTRC", "bTRC"].map((name) => curveOf(tags[name]));
  const toXyz = [0, 1, 2].flatMap((row) => columns.map((column) => column[row]));
  return {
    curves: Float32Array.from({ length: 768 }, (_, n) => curves[n % 3](Math.floor(n / 3) / 255)),
    toBt2020: product(FROM_D50_XYZ, toXyz),
  };
}

/** Each tag's data by its name. */
function tagsOf(profile) {
  const view = viewOf(profile);
  const count = Math.min(view.getUint32(128), 100);
  return Object.fromEntries(Array.from({ length: count }, (_, n) => {
    const at = 132 + 12 * n;
    const start = view.getUint32(at + 4);
    return [textAt(profile, at), profile.subarray(start, start + view.getUint32(at + 8))];
  }));
}

function xyzOf(tag) {
  if (!tag || textAt(tag, 0) !== "XYZ ") throw new Error("its colour profile has no matrix");
  return [8, 12, 16].map((at) => viewOf(tag).getInt32(at) / 65536);
}

/** Light of a code value, 0…1. */
function curveOf(tag) {
  const kind = tag && textAt(tag, 0);
  if (kind === "curv") return tabulated(tag);
  if (kind === "para") return parametric(tag);
  throw new Error("its colour profile has no curves");
}

function tabulated(tag) {
  const view = viewOf(tag);
  const count = view.getUint32(8);
  if (count === 0) return (code) => code;
  if (count === 1) return (code) => code ** (view.getUint16(12) / 256);
  return (code) => {
    const first = Math.min(Math.floor(code * (count - 1)), count - 2);
    const [low, high] = [first, first + 1].map((n) => view.getUint16(12 + 2 * n) / 65535);
    return low + (high - low) * (code * (count - 1) - first);
  };
}

function parametric(tag) {
  const view = viewOf(tag);
  const kind = view.getUint16(8);
  const numbers = Array.from({ length: [1, 3, 4, 5, 7][kind] ?? 0 }, (_, n) => view.getInt32(12 + 4 * n) / 65536);
  const [g, a = 1, b = 0, c = 0, d = -1, e = 0, f = 0] = numbers;
  if (!numbers.length) throw new Error(`its colour profile has a curve of kind ${kind}`);
  const power = (code) => Math.max(a * code + b, 0) ** g;
  if (kind <= 2) return (code) => (a * code + b >= 0 ? power(code) : 0) + c;
  return (code) => (code >= d ? power(code) + e : c * code + f);
}

const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const textAt = (bytes, at) => String.fromCharCode(...bytes.subarray(at, at + 4));
