// Gains between a base and the rendition that a network makes of it, in plain JavaScript.

import { FROM_BT2020, baseLight, inverse, transform } from "../../src/gainmap_codec/view/static/color.js";
import { plainArithmetic, renditionAt } from "../../src/gainmap_codec/view/static/network.js";

export const OFFSET = 1 / 64; // of both pictures, linear

/**
 * What computes the gains of a row, log2, of each channel in the base's primaries.
 * @param network As `parsePayload` gives it.
 * @param color {curves, toBt2020} of the base.
 * @returns {(codes, residual, made) => void} RGBA codes of a row's pixels and their residuals go in; RGB is written.
 */
function gains(network, { curves, toBt2020 }) {
  const toBase = inverse(toBt2020);
  const own = { curves, toBt2020: FROM_BT2020.bt2020 }; // the base's light in its own primaries
  return (codes, residual, made) => {
    for (let n = 0; n * 4 < codes.length; n++) {
      const base = baseLight(codes, n * 4, own);
      const bright = transform(toBase, renditionAt(network, residual, n, transform(toBt2020, base), 1));
      for (let c = 0; c < 3; c++) made[n * 3 + c] = Math.log2((Math.max(bright[c], 0) + OFFSET) / (base[c] + OFFSET));
    }
  };
}

/** What the kernel does faster. */
export const plain = { ...plainArithmetic, gains };
