// The page of `gainmap view`: its state in one record, and who changes it.

import { at, count, element } from "./element.js";
import { showFacts, showNotes } from "./facts.js";
import { watchGestures } from "./gestures.js";
import { hdrScreen } from "./hdr_output.js";
import { countStops } from "./histogram.js";
import { watchKeys } from "./keys.js";
import { OVERLAYS, lookOf } from "./looks.js";
import { WHOLE, actualSize, bounded, panned, pixelAt, scaleOf, zoomed } from "./pan_zoom.js";
import { showLight, showMaps } from "./panels.js";
import { embeddedPhoto, hdrKind, openPhoto } from "./photo.js";
import { valuesAt } from "./readout.js";
import { BANDS } from "./shaders.js";
import { Stage } from "./stage.js";
import { markCurrent, showStrip } from "./thumbnails.js";

const SDR_WHITE_NITS = 203;
const GAP = 6; // CSS pixels between sides
const LAYOUTS = ["split", "beside", "one"];
const TRUE_HDR = "True HDR: this screen goes beyond white, and so does the picture.";
const NO_MAP = "Shown as SDR: there is no gain map to use.";
const NO_HDR = {
  squeezed: "This browser or this screen shows no HDR here, so HDR is tone-mapped: its highlights are squeezed to fit below white.",
  cut: "This browser or this screen shows no HDR here: what is brighter than white is cut off. Lower the exposure to look into the highlights.",
};

const state = {
  photos: JSON.parse(at("files").textContent).map(embeddedPhoto),
  current: -1, // of the photos
  turn: 0, // counts the photos shown, so that one that is late does not show up over the next
  opened: null, // the current photo, ready to be drawn
  rival: null, // another photo to compare with: {photo, opened}
  sides: { left: { kind: "base" }, right: { kind: "hdr" } }, // `isRival`: of the other photo
  layout: "split",
  split: 0.5,
  view: WHOLE,
  headroom: Infinity,
  exposure: 0,
  highlights: "squeezed",
  overlay: "none",
  point: null, // under the cursor, in pixels of the canvas
  isWaiting: false, // to be drawn
};
let stage = null;

// What is drawn

const openedOf = (side) => (side.isRival ? state.rival.opened : state.opened);
const photoOf = (side) => (side.isRival ? state.rival.photo : state.photos[state.current]);

function mapOf(side) {
  const { maps } = openedOf(side);
  return maps[side.kind] ?? maps[side.kind === "base" ? "base" : hdrKind(photoOf(side), openedOf(side))];
}

function panes() {
  const { width, height } = stage.size;
  const whole = { left: 0, width, height };
  const { left, right } = state.sides;
  if (state.layout === "one") return [paneOf(right, whole, whole)];
  if (state.layout === "split") {
    const edge = Math.round(state.split * width);
    return [paneOf(left, whole, { left: 0, width: edge }), paneOf(right, whole, { left: edge, width: width - edge })];
  }
  const half = Math.floor((width - GAP * devicePixelRatio) / 2);
  return [[left, 0], [right, width - half]].map(([side, start]) => {
    const frame = { left: start, width: half, height };
    return paneOf(side, frame, frame);
  });
}

function paneOf(side, frame, clip) {
  const map = mapOf(side);
  return { renderer: openedOf(side).renderer, map, view: state.view, frame, clip, ...lookOf(map, state, stage.isHdr, fullGain()) };
}

const fullGain = () => Math.max(...Object.values(state.opened.maps).map((map) => map.headroom));

function redraw() {
  if (!state.opened || state.isWaiting) return;
  state.isWaiting = true;
  requestAnimationFrame(() => {
    state.isWaiting = false;
    if (state.opened) draw();
  });
}

function draw() {
  const shown = panes();
  stage.draw(shown);
  const { renderer, frame } = shown.at(-1);
  const percent = 100 * scaleOf(state.view, renderer, frame);
  at("zoom-text").textContent = `${percent < 10 ? percent.toFixed(1) : count(percent)} %`;
  at("stage").style.touchAction = state.view.zoom > 1 ? "none" : "pan-y";
  showValues(shown);
}

function fitStage() {
  const { width, height } = at("stage").getBoundingClientRect();
  const scale = Math.min(devicePixelRatio, stage.longestSide / Math.max(width, height, 1));
  stage.resize(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
  if (state.opened) changeView((...frame) => bounded(state.view, ...frame));
}

/** The values under the cursor, on each side. */
function showValues(shown) {
  const pane = state.point && paneUnder(shown, state.point);
  const pixel = pane && pixelAt(state.view, pane.renderer, pane.frame, state.point);
  at("readout").classList.toggle("empty", !pixel);
  if (!pixel) return;
  const { width, height } = pane.renderer;
  const names = tagNames();
  const lines = shown.map(({ renderer, map, options }, n) => {
    const place = { x: Math.floor((pixel.x * renderer.width) / width), y: Math.floor((pixel.y * renderer.height) / height) };
    const values = valuesAt(renderer, map, options.headroom, place);
    const words = values ? [`RGB ${values.rgb}`, values.nits, values.stops] : ["cannot be read in this browser"];
    return [element("dt", {}, names.at(n - shown.length)), element("dd", {}, ...words.map((each) => element("span", {}, each)))];
  });
  at("readout").querySelector("dl").replaceChildren(element("dt", {}, "At"), element("dd", {}, `${pixel.x}, ${pixel.y}`), ...lines.flat());
}

const paneUnder = (shown, { x }) => shown.find(({ clip }) => x >= clip.left && x < clip.left + clip.width) ?? null;

// What changes the view

/** `change` is given what lies under the right side: picture, frame, and a point of the canvas where it needs one. */
function changeView(change, point) {
  if (!state.opened) return;
  const shown = panes();
  const { renderer, frame } = shown.at(-1);
  const under = point && paneUnder(shown, point);
  const moved = under && { ...point, x: point.x - under.frame.left + frame.left };
  state.view = change(renderer, frame, moved ?? { x: frame.left + frame.width / 2, y: frame.height / 2 });
  redraw();
}

const onCanvas = ({ x, y }) => {
  const scale = stage.size.width / Math.max(at("stage").clientWidth, 1);
  return { x: x * scale, y: y * scale };
};
const zoomBy = (factor, point) => changeView((...frame) => zoomed(state.view, ...frame, factor), point);
const panBy = (across, down) => changeView((picture, frame) => panned(state.view, picture, frame, across, down));
const showWhole = () => changeView(() => WHOLE);

function showActual(point) {
  changeView((picture, frame, middle) => {
    const factor = actualSize(WHOLE, picture, frame).zoom / state.view.zoom;
    return zoomed(state.view, picture, frame, middle, factor);
  }, point);
}

// What the sides show

const label = (side) => {
  const kinds = Object.keys(openedOf(side).maps).length;
  const name = side.kind === "base" ? "SDR" : kinds < 3 ? "HDR" : `HDR, ${mapOf(side).kind === "neural" ? "neural" : "standard"} map`;
  return side.isRival ? `${photoOf(side).name}, ${name}` : name;
};
const tagNames = () => [label(state.sides.left), label(state.sides.right)];

function choicesOf() {
  const kinds = Object.keys(state.opened.maps).filter((kind) => kind !== "base");
  const own = [["base", "SDR"]];
  if (kinds.length === 1) own.push(["hdr", "HDR"]);
  if (kinds.length === 2) own.push(["neural", "HDR, neural map"], ["standard", "HDR, standard map"]);
  return own;
}

function showChoices() {
  const option = (value, words) => element("option", { value }, words);
  const others = state.photos.map((photo, n) => [photo, n]).filter(([, n]) => n !== state.current);
  for (const name of ["left", "right"]) {
    const side = state.sides[name];
    const kinds = choicesOf();
    const groups = [element("optgroup", { label: "This photo" }, ...kinds.map((each) => option(...each)))];
    if (others.length) {
      groups.push(element("optgroup", { label: "Another photo" }, ...others.map(([photo, n]) => option(`photo ${n}`, photo.name))));
    }
    at(name).replaceChildren(...groups);
    const kind = kinds.some(([each]) => each === side.kind) ? side.kind : kinds.at(-1)[0] === "hdr" ? "hdr" : hdrKind(photoOf({}), state.opened);
    at(name).value = side.isRival ? `photo ${state.photos.indexOf(state.rival.photo)}` : kind;
  }
  [at("left-tag").textContent, at("right-tag").textContent] = tagNames();
}

async function chooseSide(name, value) {
  const [word, number] = value.split(" ");
  if (word !== "photo") state.sides[name] = { kind: word };
  else if (await openRival(state.photos[Number(number)])) state.sides[name] = { kind: "hdr", isRival: true };
  useSides();
}

async function openRival(photo) {
  const { turn } = state;
  try {
    const opened = await openPhoto(photo, stage);
    if (turn !== state.turn) return void opened.close();
    closeRival();
    state.rival = { photo, opened };
    return true;
  } catch (error) {
    showNotes([...state.opened.notes, `${photo.name}: ${error.message}`]);
  }
}

function closeRival() {
  for (const [name, side] of Object.entries(state.sides)) {
    if (side.isRival) state.sides[name] = { kind: name === "left" ? "base" : "hdr" };
  }
  state.rival?.opened.close();
  state.rival = null;
}

/** After a change of sides: a display that could show all of the last ones shows all of these. */
function useSides() {
  const slider = at("headroom");
  const isFull = !state.opened || slider.value === slider.max || state.headroom === Infinity;
  const shown = [state.sides.left, state.sides.right].map((side) => mapOf(side).headroom);
  slider.max = Math.max(...shown, 0);
  slider.disabled = Number(slider.max) === 0;
  state.headroom = isFull ? Number(slider.max) : Math.min(state.headroom, Number(slider.max));
  slider.value = state.headroom;
  showChoices();
  showWishes();
}

function exchangeSides() {
  state.sides = { left: state.sides.right, right: state.sides.left };
  useSides();
}

/** The controls say what the state says. */
function showWishes() {
  const { layout, headroom, exposure, highlights, overlay } = state;
  at("stage").dataset.layout = layout;
  at("left-line").hidden = layout === "one";
  document.querySelector(`[name=layout][value=${layout}]`).checked = true;
  document.querySelector(`[name=highlights][value=${highlights}]`).checked = true;
  at("overlay").value = overlay;
  at("legend").hidden = overlay !== "falseColor";
  at("headroom-text").textContent = `${headroom.toFixed(2)} stops, ${count(SDR_WHITE_NITS * 2 ** headroom)} nits`;
  at("exposure-text").textContent = `${exposure > 0 ? "+" : ""}${exposure.toFixed(2)} stops`;
  const isSdr = fullGain() === 0 && !state.rival;
  at("status").textContent = isSdr ? NO_MAP : stage.isHdr ? TRUE_HDR : NO_HDR[highlights];
  at("status").className = stage.isHdr && !isSdr ? "hdr" : "";
  at("sliders").hidden = isSdr;
  redraw();
}

function wish(name, value) {
  state[name] = value;
  if (state.opened) showWishes();
}

const after = (names, name) => names[(names.indexOf(name) + 1) % names.length];

// Which photo is shown

async function showPhoto(number) {
  const turn = ++state.turn;
  const photo = state.photos[number];
  closeOpened();
  state.current = number;
  at("light").hidden = at("maps").hidden = at("controls").hidden = at("readout").hidden = true;
  at("stage").className = "sdr-only";
  at("stage").style.setProperty("--ratio", photo.width / photo.height);
  at("status").textContent = "Decoding …";
  at("status").className = "";
  markCurrent(number);
  showFacts(photo);
  try {
    await showBase(photo);
    stage ??= await openStage();
    const opened = await openPhoto(photo, stage);
    if (turn !== state.turn) return opened.close();
    state.opened = opened;
    showOpened(photo);
  } catch (error) {
    if (turn === state.turn) showFallback(error.message);
  }
  document.documentElement.dataset.state = "ready";
}

function closeOpened() {
  closeRival();
  state.opened?.close();
  state.opened = null;
}

async function showBase(photo) {
  const { picture } = await photo.read();
  URL.revokeObjectURL(at("base").src);
  at("base").src = URL.createObjectURL(picture);
  at("base").alt = `${photo.name}, as SDR`;
}

function showOpened(photo) {
  showNotes(state.opened.notes);
  at("stage").className = "";
  at("controls").hidden = at("readout").hidden = false;
  state.view = WHOLE;
  fitStage();
  useSides();
  if (fullGain()) showMaps(state.opened, fullGain());
  stage.canvas.setAttribute("aria-label", `${photo.name}, compared`);
  measure(photo);
}

async function measure(photo) {
  const { opened } = state;
  const pause = async () => {
    await new Promise((resolve) => setTimeout(resolve));
    if (opened !== state.opened) throw new Error("another photo is shown");
  };
  const map = opened.maps[hdrKind(photo, opened)];
  const counts = await countStops(opened.renderer, map, pause).catch(() => null);
  if (counts) showLight(counts, map.headroom);
}

function showFallback(reason) {
  closeOpened();
  at("stage").className = "sdr-only";
  at("controls").hidden = at("readout").hidden = true;
  at("status").textContent = `Shown as SDR. ${reason}`;
  at("status").className = "";
}

async function openStage() {
  const made = await Stage.open();
  at("canvas").replaceChildren(made.canvas);
  made.canvas.setAttribute("role", "img");
  made.whenLost(() => {
    if (made !== stage) return;
    stage = null;
    showFallback("The graphics processor has given up.");
  });
  for (const line of document.querySelectorAll(".sdr-screen")) line.hidden = made.isHdr;
  return made;
}

// What people do

async function savePng() {
  const shown = panes().map((pane) => ({ ...pane, ...lookOf(pane.map, state, false, fullGain()) }));
  const link = element("a", {
    href: URL.createObjectURL(await stage.png(shown)),
    download: `${state.photos[state.current].name.replace(/\.\w+$/, "")}-view.png`,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  redraw();
}

function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else at("viewer").requestFullscreen?.();
}

const step = (by) => state.photos.length > 1 && showPhoto((state.current + by + state.photos.length) % state.photos.length);
const arrow = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

watchKeys([
  { keys: ["n"], words: "the next photo", act: () => step(1) },
  { keys: ["p"], words: "the photo before", act: () => step(-1) },
  { keys: ["s"], words: "split, side by side, or one", act: () => wish("layout", after(LAYOUTS, state.layout)) },
  { keys: ["x"], words: "exchange left and right", act: () => state.opened && exchangeSides() },
  { keys: ["+", "-"], words: "larger, smaller", act: (key) => zoomBy(key === "+" ? 1.5 : 1 / 1.5) },
  { keys: ["0"], words: "the whole picture", act: showWhole },
  { keys: ["1"], words: "100 %: a pixel of the photo is one of the screen", act: () => showActual() },
  { keys: Object.keys(arrow), words: "move the picture", act: (key) => panBy(...arrow[key].map((way) => way * 80 * devicePixelRatio)) },
  { keys: ["o"], words: "nothing, false colour, clipping or the gain map on top", act: () => wish("overlay", after(Object.keys(OVERLAYS), state.overlay)) },
  { keys: ["t"], words: "tone-mapped, or cut off at white", act: () => wish("highlights", state.highlights === "cut" ? "squeezed" : "cut") },
  { keys: ["f"], words: "full screen", act: toggleFullScreen },
  { keys: ["d"], words: "save what is shown as a PNG", act: () => state.opened && savePng() },
  { keys: ["?"], words: "this list", act: () => at("sheet").showModal() },
], at("sheet"));

watchGestures(at("stage"), {
  canZoomOut: () => state.view.zoom > 1,
  zoom: (point, factor) => zoomBy(factor, onCanvas(point)),
  pan: (across, down) => state.opened && panBy(...Object.values(onCanvas({ x: across, y: down }))),
  point: (point) => {
    state.point = point && stage && onCanvas(point);
    if (state.opened && !state.isWaiting) showValues(panes());
  },
  toggle: (point) => (state.view.zoom > 1 ? showWhole() : showActual(onCanvas(point))),
});

at("split").addEventListener("input", ({ target }) => {
  state.split = target.value / 100;
  at("stage").style.setProperty("--split", `${target.value}%`);
  redraw();
});
for (const name of ["headroom", "exposure"]) at(name).addEventListener("input", ({ target }) => wish(name, Number(target.value)));
for (const name of ["left", "right"]) at(name).addEventListener("change", ({ target }) => chooseSide(name, target.value));
for (const name of ["layout", "highlights"]) {
  for (const radio of document.getElementsByName(name)) radio.addEventListener("change", () => wish(name, radio.value));
}
at("overlay").append(...Object.entries(OVERLAYS).map(([value, { words }]) => element("option", { value }, words)));
at("overlay").addEventListener("change", ({ target }) => wish("overlay", target.value));
at("legend").append(element("li", {}, "grey: up to white"), ...BANDS.map((color, stops) => {
  const swatch = element("span", { className: "swatch" });
  swatch.style.background = color;
  return element("li", {}, swatch, `from ${count(SDR_WHITE_NITS * 2 ** stops)} nits`);
}));
at("smaller").addEventListener("click", () => zoomBy(1 / 1.5));
at("larger").addEventListener("click", () => zoomBy(1.5));
at("whole").addEventListener("click", showWhole);
at("actual").addEventListener("click", () => showActual());
at("full").addEventListener("click", toggleFullScreen);
at("full").hidden = !document.fullscreenEnabled;
at("save").addEventListener("click", savePng);
at("help").addEventListener("click", () => at("sheet").showModal());
at("controls").addEventListener("submit", (event) => event.preventDefault());
new ResizeObserver(() => stage && fitStage()).observe(at("stage"));
hdrScreen().addEventListener("change", () => {
  const old = stage;
  closeOpened();
  stage = null;
  old?.close();
  showPhoto(state.current);
});

showStrip(state.photos, showPhoto);
showPhoto(0);
