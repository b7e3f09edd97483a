// How much of a picture is how bright, in stops from SDR white.

import { SDR_WHITE_NITS } from "./color.js";
import { placeOf } from "./renderer.js";

export const DARKEST = -8; // log2 of the first bin, which holds what is darker, too
const STEPS = 10; // bins a stop: as the output "stops" of shaders.js
const BINS = 256;
export const BRIGHTEST = Math.floor(DARKEST + BINS / STEPS);
const TILE = 512; // read at once: the page waits for that
const WHITE = -DARKEST * STEPS;

/**
 * Counts over all pixels of a picture, by the brightest channel.
 * @param pause Awaited between parts, so that the page goes on; it throws where nobody wants the answer any more.
 * @returns {Promise<{hdr, sdr, most}>} Pixels in each tenth of a stop from 2^-8, of the whole HDR rendition and of the
 *   base, and log2 of the brightest pixel.
 */
export async function countStops(renderer, map, pause) {
  const [hdr, sdr] = [new Uint32Array(BINS), new Uint32Array(BINS)];
  let most = 0;
  for (let y = 0; y < renderer.height; y += TILE) {
    for (let x = 0; x < renderer.width; x += TILE) {
      const [width, height] = [Math.min(TILE, renderer.width - x), Math.min(TILE, renderer.height - y)];
      const place = { ...placeOf(width, height), window: [x, y, 1], samples: 1 };
      const found = renderer.read(place, map, "stops", { headroom: Infinity }, Uint8Array);
      for (let at = 0; at < found.length; at += 4) {
        hdr[found[at]]++;
        sdr[found[at + 1]]++;
        const bright = found[at] * 256 + found[at + 2];
        if (bright > most) most = bright;
      }
      await pause();
    }
  }
  return { hdr, sdr, most: DARKEST + most / (256 * STEPS) };
}

/** The part of the pixels that is brighter than SDR white, by a tenth of a stop or more: 0…1. */
export function shareAboveWhite({ hdr }) {
  return hdr.slice(WHITE + 1).reduce((sum, count) => sum + count, 0) / hdr.reduce((sum, count) => sum + count, 0);
}

/** The brightest pixel, log2, as photographers say it. */
export function brightestWords(most) {
  if (most >= 1 / STEPS) return `${most.toFixed(1)} stops above white`;
  return most > -0.05 ? "white" : `${(-most).toFixed(1)} stops below white`;
}

/** How bright a picture is. */
export function brightnessWords(counts) {
  const { most } = counts;
  const words = `Brightest: ${brightestWords(most)} (${Math.round(SDR_WHITE_NITS * 2 ** most).toLocaleString("en")} nits)`;
  if (most < 1 / STEPS) return words;
  const percent = 100 * shareAboveWhite(counts);
  const share = percent < 0.1 ? "less than 0.1" : percent.toFixed(percent < 10 ? 1 : 0);
  return `${words}. Brighter than white: ${share} % of the picture`;
}

/** An outline of counts for an SVG of this size from `first` to `last` stops; heights are square roots of the counts. */
export function outline(counts, { first, last, width, height }) {
  const bins = Array.from(counts).slice((first - DARKEST) * STEPS, (last - DARKEST) * STEPS);
  bins[0] += counts.slice(0, (first - DARKEST) * STEPS).reduce((sum, count) => sum + count, 0);
  const tallest = Math.sqrt(Math.max(...bins.slice(1), 1)); // all that is black is in the first
  const points = bins.map((count, n) => {
    const top = height * (1 - Math.min(Math.sqrt(count) / tallest, 1));
    return `${((n * width) / bins.length).toFixed(1)},${top.toFixed(1)} ${(((n + 1) * width) / bins.length).toFixed(1)},${top.toFixed(1)}`;
  });
  return `M0,${height} L${points.join(" L")} L${width},${height} Z`;
}
