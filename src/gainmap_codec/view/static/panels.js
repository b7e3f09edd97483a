// What is told beside the picture: its light in stops, and its gain maps as grey pictures.

import { at, count, element, svg } from "./element.js";
import { BRIGHTEST, DARKEST, brightnessWords, outline } from "./histogram.js";
import { MAP_NAMES } from "./photo.js";
import { placeOf } from "./renderer.js";

const CARRIERS = { iso21496: "ISO 21496-1", hdrgm: "Ultra HDR", apple: "Apple" };
const FIGURE_SIDE = 384; // CSS pixels
const [WIDTH, HEIGHT] = [720, 160];

/** The histogram and its words, of what `countStops` counted for this map; `most` of the photo, where its map holds less. */
export function showLight(counts, { kind, headroom }, most) {
  const isSdr = kind === "base";
  const last = Math.min(BRIGHTEST, Math.max(1, Math.ceil(Math.max(counts.most, headroom) + 0.25)));
  const scale = { first: DARKEST, last, width: WIDTH, height: HEIGHT };
  const across = (stops) => (stops - DARKEST) / (last - DARKEST);
  const marks = Array.from({ length: last - DARKEST + 1 }, (_, n) => DARKEST + n).filter((stops) => stops % 2 === 0);
  const words = brightnessWords({ ...counts, most });
  at("brightness").textContent = words;
  document.querySelector(".key .hdr").hidden = isSdr;
  at("histogram").setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  at("histogram").setAttribute("aria-label", `Histogram. ${words}`);
  at("histogram").replaceChildren(
    ...(isSdr ? [] : [svg("path", { d: outline(counts.hdr, scale), class: "hdr" })]),
    svg("path", { d: outline(counts.sdr, scale), class: "sdr" }),
    svg("line", { x1: across(0) * WIDTH, x2: across(0) * WIDTH, y1: 0, y2: HEIGHT, class: "white" }),
  );
  at("stops").replaceChildren(...marks.map((stops) => {
    const mark = element("span", {}, stops === 0 ? "white" : `${stops < 0 ? "−" : "+"}${Math.abs(stops)}`);
    mark.style.left = `${100 * across(stops)}%`;
    return mark;
  }));
}

/** Each gain map as a grey picture; `pause` as in `countStops`. */
export async function showMaps({ renderer, maps, parts }, fullGain, pause) {
  const kinds = Object.keys(maps).filter((kind) => kind !== "base");
  const captions = {
    neural: () => `${count(parts.neural.payload.length)} bytes, decoded by this page`,
    standard: ({ width, height, bytes, carrier } = parts.standard) =>
      `${bytes ? `${count(bytes)} bytes, ` : ""}${width} × ${height}, ${CARRIERS[carrier]}`,
  };
  at("most").textContent = `+${fullGain.toFixed(2)} stops`;
  const figures = [];
  for (const kind of kinds) {
    await pause();
    const step = Math.max(1, Math.max(renderer.width, renderer.height) / (FIGURE_SIDE * devicePixelRatio));
    const [width, height] = [renderer.width, renderer.height].map((side) => Math.max(1, Math.round(side / step)));
    const place = { ...placeOf(width, height), window: [0, 0, step], samples: Math.min(4, Math.ceil(step)) };
    const canvas = element("canvas", { width, height });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${MAP_NAMES[kind]} as a grey picture`);
    canvas.getContext("2d").putImageData(renderer.readGain(maps[kind], fullGain, place), 0, 0);
    figures.push(element("figure", {}, canvas, element("figcaption", {}, `${MAP_NAMES[kind]}: ${captions[kind]()}`)));
  }
  at("figures").replaceChildren(...figures);
  at("maps").hidden = !kinds.length;
}
