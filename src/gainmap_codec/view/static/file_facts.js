// What the page says of a file of the visitor's own, whatever its kind.

import { TO_BT2020, srgbCurves } from "./color.js";

export const HDR_BASE = "the picture is HDR by itself, which `gainmap view` shows";

/** The colour that `read` gives; sRGB and a note where it cannot be read. */
export function usableColor(read, notes) {
  try {
    return read();
  } catch (error) {
    notes.push(`Its colours are shown as sRGB: ${error instanceof RangeError ? "its colour profile is cut off" : error.message}.`);
    return { curves: srgbCurves(), toBt2020: TO_BT2020.srgb };
  }
}

/**
 * What the page says of a file: a text, and how many bytes of it are what.
 * @param {?{metadata}} standard The gain map that can be used.
 * @param bytes Of the `whole` file, its `base`, and its maps, `standard` and `neural`, 0 for none.
 */
export function described(kind, { width, height }, standard, bytes) {
  const sums = [["base image", bytes.base], ["standard gain map", bytes.standard], ["neural gain map", bytes.neural]].filter(([, count]) => count);
  const rest = bytes.whole - sums.reduce((sum, [, count]) => sum + count, 0);
  const lines = [`${kind}, ${width} × ${height}`, ...(standard ? numbersOf(standard.metadata) : [])];
  if (!standard && !bytes.neural) lines.push("There is no gain map in it that this page can read: it is shown as SDR.");
  return { description: lines.join("\n"), parts: [], sums: rest > 0 ? [...sums, ["metadata and all else", rest]] : sums };
}

function numbersOf({ appleHeadroom: headroom, ...metadata }) {
  if (headroom) return [`Apple gain map, headroom ${Math.log2(headroom).toFixed(2)} stops`];
  const list = (values) => (new Set(values).size > 1 ? values : values.slice(0, 1)).map((value) => Number(value.toFixed(4))).join(" ");
  return [
    "Standard gain map",
    `  full from ${metadata.baseHeadroom.toFixed(2)} to ${metadata.alternateHeadroom.toFixed(2)} stops of headroom`,
    `  gains from ${list(metadata.min)} to ${list(metadata.max)} stops, gamma ${list(metadata.gamma)}`,
    `  offsets ${list(metadata.baseOffset)} and ${list(metadata.alternateOffset)}`,
  ];
}
