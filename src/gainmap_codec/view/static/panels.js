// What is told beside the picture: its light in stops, and its gain maps as grey pictures.

import { at, count, element, svg } from "./element.js";
import { brightnessWords, outline } from "./histogram.js";
import { MAP_NAMES } from "./photo.js";

const CARRIERS = { iso21496: "ISO 21496-1", hdrgm: "Ultra HDR", apple: "Apple" };
const FIGURE_SIDE = 768;
const [WIDTH, HEIGHT] = [720, 160];
const DARKEST = -8; // stops

/** The histogram and its words, of what `countStops` counted. */
export function showLight(counts, headroom) {
  const last = Math.min(6, Math.max(1, Math.ceil(Math.max(counts.most, headroom) + 0.25)));
  const scale = { first: DARKEST, last, width: WIDTH, height: HEIGHT };
  const across = (stops) => ((stops - DARKEST) * WIDTH) / (last - DARKEST);
  const marks = Array.from({ length: last - DARKEST + 1 }, (_, n) => DARKEST + n).filter((stops) => stops % 2 === 0);
  const words = brightnessWords(counts);
  at("brightness").textContent = words;
  at("histogram").setAttribute("viewBox", `0 -4 ${WIDTH} ${HEIGHT + 28}`);
  at("histogram").setAttribute("aria-label", `Histogram. ${words}`);
  at("histogram").replaceChildren(
    svg("path", { d: outline(counts.hdr, scale), class: "hdr" }),
    svg("path", { d: outline(counts.sdr, scale), class: "sdr" }),
    svg("line", { x1: across(0), x2: across(0), y1: -4, y2: HEIGHT, class: "white" }),
    ...marks.map((stops) => svg("text", { x: Math.min(Math.max(across(stops), 14), WIDTH - 14), y: HEIGHT + 20 },
      stops === 0 ? "white" : `${stops < 0 ? "−" : "+"}${Math.abs(stops)}`)),
  );
  at("light").hidden = false;
}

/** Each gain map as a grey picture. */
export function showMaps({ renderer, maps, parts }, fullGain) {
  const kinds = Object.keys(maps).filter((kind) => kind !== "base");
  const captions = {
    neural: () => `${count(parts.neural.payload.length)} bytes, decoded by this page`,
    standard: ({ width, height, bytes, carrier } = parts.standard) =>
      `${bytes ? `${count(bytes)} bytes, ` : ""}${width} × ${height}, ${CARRIERS[carrier]}`,
  };
  at("most").textContent = `+${fullGain.toFixed(2)} stops`;
  at("figures").replaceChildren(...kinds.map((kind) => {
    const step = Math.max(1, Math.max(renderer.width, renderer.height) / FIGURE_SIDE);
    const [width, height] = [renderer.width, renderer.height].map((side) => Math.max(1, Math.round(side / step)));
    const place = { left: 0, width, height, window: [0, 0, step], samples: Math.min(4, Math.ceil(step)) };
    const canvas = element("canvas", { width, height });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${MAP_NAMES[kind]} as a grey picture`);
    canvas.getContext("2d").putImageData(renderer.readGain(maps[kind], fullGain, place), 0, 0);
    return element("figure", {}, canvas, element("figcaption", {}, `${MAP_NAMES[kind]}: ${captions[kind]()}`));
  }));
  at("maps").hidden = !kinds.length;
}
