// The page of `gainmap view`: one file at a time, its renditions, its maps and its bytes.

import { withPictureValues } from "./coded_picture.js";
import { decodePicture } from "./gain_map_view.js";
import { hdrScreen, openOutput } from "./hdr_output.js";
import { parsePayload } from "./payload.js";

const SDR_WHITE_NITS = 203;
const COLORS = ["#7d8da1", "#e8833a", "#4aa3df", "#8bbf56", "#b07cc6", "#d6b84c", "#cf5c78", "#55b9a6", "#a98467", "#c3c9d1"];
const COLORED = ["base image", "neural gain map", "standard gain map"]; // the same colours on every page
const SOURCES = { neural: "Neural gain map", standard: "Standard gain map" };
const CARRIERS = { iso21496: "ISO 21496-1", hdrgm: "Ultra HDR", apple: "Apple" };
const TRUE_HDR = "True HDR: this screen goes beyond white, and so does the right side.";
const NO_HDR = "This browser or this screen shows no HDR here: what is brighter than white is cut off. "
  + "Lower the exposure to look into the highlights.";

const files = JSON.parse(document.getElementById("files").textContent);
const at = (id) => document.getElementById(id);
let shown = null; // of the file that is shown: its output, its maps, the map that is used
let turn = 0; // counts the files shown, so that one that is late does not show up over the next

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function bytesOf(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

const count = (number) => number.toLocaleString("en");

function showFacts(file) {
  at("title").textContent = file.name;
  document.title = `${file.name} – gain map`;
  at("summary").textContent = file.description.split("\n")[0] || `${count(file.bytes)} bytes`;
  at("description").textContent = file.description;
  at("description-section").hidden = !file.description;
  showNotes(file.notes);
  const others = file.sums.map(([name]) => name).filter((name) => !COLORED.includes(name));
  const colorOf = (name) => COLORS[[...COLORED, ...others].indexOf(name) % COLORS.length];
  at("bar").replaceChildren(...file.sums.map(([name, bytes]) => {
    const part = element("span", { title: name });
    part.style.flexGrow = bytes;
    part.style.background = colorOf(name);
    return part;
  }));
  at("sums").tBodies[0].replaceChildren(...[...file.sums, ["the whole file", file.bytes]].map(([name, bytes]) => {
    const swatch = element("span", { className: "swatch" });
    swatch.style.background = name === "the whole file" ? "none" : colorOf(name);
    const share = `${((100 * bytes) / file.bytes).toFixed(2)} %`;
    return element("tr", {},
      Object.assign(element("th", {}, swatch, name), { scope: "row" }),
      element("td", { className: "number" }, count(bytes)),
      element("td", { className: "number" }, share));
  }));
  at("bytes").hidden = !file.parts.length;
  at("parts").tBodies[0].replaceChildren(...file.parts.map(([start, bytes, name]) => element("tr", {},
    element("td", { className: "number" }, count(start)),
    element("td", { className: "number" }, count(bytes)),
    element("td", {}, name))));
}

function showNotes(notes) {
  at("notes").hidden = !notes.length;
  at("notes").querySelector("ul").replaceChildren(...notes.map((note) => element("li", {}, note)));
}

/** What the file's HDR can be rendered from, by kind; what cannot be used is said. */
async function mapsOf(file, renderer, notes) {
  const maps = {};
  const prepare = async (kind, make) => {
    try {
      maps[kind] = await make();
    } catch (error) {
      notes.push(`The ${SOURCES[kind].toLowerCase()} cannot be used here: ${error.message}`);
    }
  };
  if (file.neural) {
    const { payload, coordinates } = file.neural;
    await prepare("neural", async () => {
      const network = await withPictureValues(parsePayload(bytesOf(payload)), decodePicture);
      return renderer.neuralMap({ ...network, coordinates });
    });
  }
  if (file.standard) {
    await prepare("standard", async () => {
      const pixels = await decodePicture(new Blob([bytesOf(file.standard.picture)], { type: "image/png" }));
      return renderer.standardMap(pixels, file.standard.metadata);
    });
  }
  return maps;
}

function redraw() {
  const mine = shown;
  if (!mine || mine.isWaiting) return;
  mine.isWaiting = true;
  requestAnimationFrame(() => {
    mine.isWaiting = false;
    if (mine === shown) draw();
  });
}

function draw() {
  const [headroom, stops] = [Number(at("headroom").value), Number(at("exposure").value)];
  const nits = Math.round(SDR_WHITE_NITS * 2 ** headroom);
  at("headroom-text").textContent = `${headroom.toFixed(2)} stops, ${count(nits)} nits`;
  at("exposure-text").textContent = `${stops > 0 ? "+" : ""}${stops.toFixed(2)} stops`;
  shown.output.show(shown.map, { headroom, exposure: 2 ** stops });
}

/** Render from a map of this kind; a display that could show all of the last one shows all of this. */
function useMap(kind) {
  const slider = at("headroom");
  const before = !shown.map || slider.value === slider.max ? Infinity : Number(slider.value);
  shown.map = shown.maps[kind];
  slider.max = shown.map.headroom;
  slider.value = Math.min(before, shown.map.headroom);
  draw();
}

function showControls(file) {
  const kinds = Object.keys(shown.maps);
  const chosen = kinds.includes(file.prefer) ? file.prefer : kinds[0];
  const fieldset = at("sources");
  fieldset.replaceChildren(fieldset.querySelector("legend"), ...kinds.map((kind) => {
    const radio = element("input", { type: "radio", name: "source", value: kind, checked: kind === chosen });
    radio.addEventListener("change", () => useMap(kind));
    return element("label", {}, radio, SOURCES[kind]);
  }));
  at("exposure-line").hidden = shown.output.isHdr;
  at("exposure").value = 0;
  at("controls").hidden = false;
  useMap(chosen);
}

function showMaps(file) {
  const fullGain = Math.max(...Object.values(shown.maps).map((map) => map.headroom));
  const captions = {
    neural: () => `${count(bytesOf(file.neural.payload).length)} bytes, decoded by this page`,
    standard: ({ width, height, bytes, carrier } = file.standard) =>
      `${bytes ? `${count(bytes)} bytes, ` : ""}${width} × ${height}, ${CARRIERS[carrier]}`,
  };
  at("most").textContent = `+${fullGain.toFixed(2)} stops`;
  at("figures").replaceChildren(...Object.entries(shown.maps).map(([kind, map]) => {
    const image = shown.output.renderer.readGain(map, fullGain);
    const canvas = element("canvas", { width: image.width, height: image.height });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${SOURCES[kind]} as a grey picture`);
    canvas.getContext("2d").putImageData(image, 0, 0);
    return element("figure", {}, canvas, element("figcaption", {}, `${SOURCES[kind]}: ${captions[kind]()}`));
  }));
  at("maps").hidden = false;
}

async function showPicture(file, isCurrent) {
  const blob = new Blob([bytesOf(file.picture)], { type: "image/jpeg" });
  URL.revokeObjectURL(at("base").src);
  at("base").src = URL.createObjectURL(blob);
  at("base").alt = `${file.name}, as SDR`;
  const picture = await decodePicture(blob);
  const color = { curves: new Float32Array(bytesOf(file.curves).buffer), toBt2020: file.toBt2020 };
  const output = await openOutput(picture, color);
  const notes = [...file.notes];
  const maps = await mapsOf(file, output.renderer, notes);
  if (!isCurrent()) {
    output.close();
    return;
  }
  showNotes(notes);
  if (!Object.keys(maps).length) {
    output.close();
    at("status").textContent = "Shown as SDR: there is no gain map to use.";
    return;
  }
  shown = { output, maps };
  output.whenLost(() => isCurrent() && showFallback("The graphics processor has given up."));
  at("hdr").replaceChildren(output.canvas);
  output.canvas.setAttribute("role", "img");
  output.canvas.setAttribute("aria-label", `${file.name}, as HDR`);
  showMaps(file);
  showControls(file);
  at("status").textContent = output.isHdr ? TRUE_HDR : NO_HDR;
  at("status").className = output.isHdr ? "hdr" : "";
  at("stage").className = "";
}

function showFallback(reason) {
  shown = null;
  at("stage").className = "sdr-only";
  at("controls").hidden = true;
  at("status").textContent = `Shown as SDR. ${reason}`;
}

async function showFile(number) {
  const mine = ++turn;
  const file = files[number];
  shown?.output.close();
  shown = null;
  at("hdr").replaceChildren();
  at("maps").hidden = at("controls").hidden = true;
  at("stage").className = "sdr-only";
  at("stage").style.setProperty("--ratio", file.width / file.height);
  at("status").textContent = "Decoding …";
  [...at("list").children].forEach((button, n) => button.setAttribute("aria-current", n === number));
  showFacts(file);
  try {
    await showPicture(file, () => mine === turn);
  } catch (error) {
    if (mine === turn) showFallback(error.message);
  }
  document.documentElement.dataset.state = "ready";
}

at("list").hidden = files.length < 2;
at("list").append(...files.map(({ name }, n) => {
  const button = element("button", { type: "button" }, name);
  button.addEventListener("click", () => showFile(n));
  return button;
}));
at("split").addEventListener("input", ({ target }) => at("stage").style.setProperty("--split", `${target.value}%`));
at("headroom").addEventListener("input", redraw);
at("exposure").addEventListener("input", redraw);
at("controls").addEventListener("submit", (event) => event.preventDefault());
hdrScreen().addEventListener("change", () => showFile(Math.max(0, [...at("list").children]
  .findIndex((button) => button.getAttribute("aria-current") === "true"))));
showFile(0);
