// The picture as the state says, and changes of what is seen of it.

import { at, count, element } from "./element.js";
import { WHOLE, actualSize, bounded, panned, pixelAt, scaleOf, zoomed } from "./pan_zoom.js";
import { valuesAt } from "./readout.js";
import { panes, state, tagNames } from "./state.js";

const SLOW = 60; // milliseconds of a full drawing
const STILL = 150; // milliseconds without a change, after which a coarse picture is drawn in full
let refining = 0; // a timer

/** Draw again, with the next frame of the screen. */
export function redraw() {
  if (!state.opened || state.isWaiting) return;
  state.isWaiting = true;
  requestAnimationFrame(() => {
    state.isWaiting = false;
    if (state.opened) draw();
  });
}

function draw() {
  const shown = panes();
  showValues(shown); // before the drawing, or it would have to wait for that
  clearTimeout(refining);
  if (state.isSlow) {
    state.stage.draw(shown, 1);
    state.isRough = true;
    refining = setTimeout(drawInFull, STILL);
  } else drawInFull();
  at("stage").classList.remove("sdr-only");
  const { renderer, frame } = shown.at(-1);
  const percent = 100 * scaleOf(state.view, renderer, frame);
  at("zoom-text").textContent = `${percent < 10 ? percent.toFixed(1) : count(percent)} %`;
  at("stage").style.touchAction = state.view.zoom > 1 ? "none" : "pan-y";
}

async function drawInFull() {
  if (!state.opened) return;
  state.stage.draw(panes());
  const time = await state.stage.timeToFinish();
  state.isSlow = time > SLOW;
  state.isRough = false;
}

/** Wait for a picture that is not coarse any more. */
export async function drawnInFull() {
  do await new Promise((resolve) => setTimeout(resolve, 50)); while (state.opened && (state.isWaiting || state.isRough));
}

/** The canvas has as many pixels as the screen shows of it. */
export function fitStage() {
  const { width, height } = at("stage").getBoundingClientRect();
  const scale = Math.min(devicePixelRatio, state.stage.longestSide / Math.max(width, height, 1));
  state.stage.resize(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
  if (state.opened) changeView((...frame) => bounded(state.view, ...frame));
}

/** The values under the cursor, on each side. */
export function showValues(shown) {
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

const isIn = ({ left, top, width, height }, { x, y }) => x >= left && x < left + width && y >= top && y < top + height;
const paneUnder = (shown, point) => shown.find(({ clip }) => isIn(clip, point)) ?? null;

// What changes the view

/** `change` is given what lies under the right side: picture, frame, and a point of the canvas where it needs one. */
function changeView(change, point) {
  if (!state.opened) return;
  const shown = panes();
  const { renderer, frame } = shown.at(-1);
  const under = point && paneUnder(shown, point);
  const moved = under && { x: point.x - under.frame.left + frame.left, y: point.y - under.frame.top + frame.top };
  state.view = change(renderer, frame, moved ?? { x: frame.left + frame.width / 2, y: frame.top + frame.height / 2 });
  redraw();
}

/** A point of the stage in pixels of the canvas. */
export const onCanvas = ({ x, y }) => {
  const scale = state.stage.size.width / Math.max(at("stage").clientWidth, 1);
  return { x: x * scale, y: y * scale };
};
export const zoomBy = (factor, point) => changeView((...frame) => zoomed(state.view, ...frame, factor), point);
export const panBy = (across, down) => changeView((picture, frame) => panned(state.view, picture, frame, across, down));
export const showWhole = () => changeView(() => WHOLE);

export function showActual(point) {
  changeView((picture, frame, middle) => {
    const factor = actualSize(WHOLE, picture, frame).zoom / state.view.zoom;
    return zoomed(state.view, picture, frame, middle, factor);
  }, point);
}
