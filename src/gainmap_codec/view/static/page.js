// The page of `gainmap view`: who changes its state.

import { fitStage, onCanvas, panBy, redraw, showActual, showValues, showWhole, zoomBy } from "./drawing.js";
import { droppedPhoto } from "./dropped_file.js";
import { at, element, prose } from "./element.js";
import { watchDrops } from "./drops.js";
import { watchGestures } from "./gestures.js";
import { hdrScreen } from "./hdr_output.js";
import { watchKeys } from "./keys.js";
import { OVERLAYS } from "./looks.js";
import { embeddedPhoto } from "./photo.js";
import { closeOpened, showPhoto } from "./showing.js";
import { chooseSide, exchangeSides } from "./sides.js";
import { isSdrOnly, narrowPage, panes, shownLook, state } from "./state.js";
import { showStrip } from "./thumbnails.js";
import { after, showWishes, wish } from "./wishes.js";

const LAYOUTS = ["split", "beside", "one"];

/** A photo, its name with a number where another has the same. */
function numbered(photo) {
  let { name } = photo;
  for (let n = 2; state.photos.some((other) => other.name === name); n++) name = `${photo.name} (${n})`;
  return { ...photo, name };
}

async function addFiles(files) {
  const first = state.photos.length;
  const troubles = [];
  at("trouble").textContent = "";
  for (const file of files) {
    try {
      state.photos.push(numbered(await droppedPhoto(file)));
    } catch (error) {
      troubles.push(`${file.name}: ${error.message}`);
    }
  }
  at("trouble").replaceChildren(...prose(troubles.join("\n")));
  showStrip(state.photos, showPhoto);
  if (state.photos.length > first) await showPhoto(first);
}

async function savePng() {
  const shown = panes().map((pane) => ({ ...pane, ...shownLook(pane.map, false) }));
  const link = element("a", {
    href: URL.createObjectURL(await state.stage.png(shown)),
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
  { keys: ["a"], words: "open photos", act: () => at("file").click() },
  { keys: ["n"], words: "the next photo", act: () => step(1) },
  { keys: ["p"], words: "the photo before", act: () => step(-1) },
  { keys: ["s"], words: "split, side by side, or one", act: () => wish("layout", after(LAYOUTS, state.layout)) },
  { keys: ["x"], words: "exchange left and right", act: () => state.opened && exchangeSides() },
  { keys: ["+", "-"], words: "larger, smaller", act: (key) => zoomBy(key === "+" ? 1.5 : 1 / 1.5) },
  { keys: ["0"], words: "the whole picture", act: showWhole },
  { keys: ["1"], words: "100 %: a pixel of the photo is one of the screen", act: () => showActual() },
  { keys: Object.keys(arrow), words: "move the picture", act: (key) => panBy(...arrow[key].map((way) => way * 80 * devicePixelRatio)) },
  { keys: ["o"], words: "nothing, false colour, clipping or the gain map on top", act: () => !isSdrOnly() && wish("overlay", after(Object.keys(OVERLAYS), state.overlay)) },
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
    state.point = point && state.stage && onCanvas(point);
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
at("smaller").addEventListener("click", () => zoomBy(1 / 1.5));
at("larger").addEventListener("click", () => zoomBy(1.5));
at("whole").addEventListener("click", showWhole);
at("actual").addEventListener("click", () => showActual());
at("full").addEventListener("click", toggleFullScreen);
at("full").hidden = !document.fullscreenEnabled;
at("save").addEventListener("click", savePng);
at("help").addEventListener("click", () => at("sheet").showModal());
at("controls").addEventListener("submit", (event) => event.preventDefault());
narrowPage.addEventListener("change", () => state.opened && showWishes());
new ResizeObserver(() => state.stage && fitStage()).observe(at("stage"));
hdrScreen().addEventListener("change", () => {
  const old = state.stage;
  closeOpened();
  state.stage = null;
  old?.close();
  if (state.photos.length) showPhoto(state.current);
});
watchDrops(addFiles);

const pictures = document.querySelectorAll("#base, #pictures img");
for (const [n, shown] of JSON.parse(at("files").textContent).entries()) state.photos.push(numbered(embeddedPhoto(shown, pictures[n].src)));
at("pictures").remove();
showStrip(state.photos, showPhoto);
if (state.photos.length) showPhoto(0);
else document.documentElement.dataset.state = "ready";
