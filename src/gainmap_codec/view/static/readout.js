// The values of a pixel, in words: its luminance in nits and in stops from SDR white.

import { SDR_WHITE_NITS } from "./color.js";
import { count } from "./element.js";

const LUMA = [0.2627, 0.678, 0.0593]; // of BT.2020

/** Words about light, linear BT.2020, 1 = SDR white; `rgb` is told as it is. */
export function lightWords(rgb, light) {
  const luminance = Math.max(LUMA.reduce((sum, part, n) => sum + part * light[n], 0), 0);
  const nits = luminance * SDR_WHITE_NITS;
  const stops = Math.log2(luminance);
  const far = luminance < 1e-4 ? "black" : `${stops < -0.005 ? "−" : "+"}${Math.abs(stops).toFixed(2)} stops`;
  return { rgb: rgb.join(" "), nits: `${nits < 10 ? nits.toFixed(1) : count(nits)} nits`, stops: far };
}

/** What a rendition has at a pixel; of the base its code values, of others linear light, 1 = white, in its primaries. */
export function valuesAt(renderer, map, headroom, { x, y }) {
  const light = renderer.lightAt(map, headroom, x, y);
  if (!light) return null;
  const rgb = map.kind === "base"
    ? Array.from(renderer.codesAt(x, y))
    : renderer.inOwnPrimaries(light).map((value) => value.toFixed(value < 0.1 ? 3 : 2));
  return lightWords(rgb, light);
}
