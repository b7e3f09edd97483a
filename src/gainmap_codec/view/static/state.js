// The page's state in one record, and what follows from it.

import { lookOf } from "./looks.js";
import { WHOLE } from "./pan_zoom.js";
import { hdrKind } from "./photo.js";

const GAP = 6; // CSS pixels between sides
export const narrowPage = matchMedia("(max-width: 40rem) and (orientation: portrait)");

export const state = {
  stage: null, // that is drawn on; null without WebGL
  photos: [],
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
  isSlow: true, // the graphics processor, as far as is known: pictures are drawn coarsely while they change
  isRough: false, // what is seen was drawn so
};

export const openedOf = (side) => (side.isRival ? state.rival.opened : state.opened);
export const photoOf = (side) => (side.isRival ? state.rival.photo : state.photos[state.current]);

export function mapOf(side) {
  const { maps } = openedOf(side);
  return maps[side.kind] ?? maps[side.kind === "base" ? "base" : hdrKind(photoOf(side), openedOf(side))];
}

/** The layout that is drawn: "one" where both sides are the same, and "stacked" for side by side on a narrow page. */
export function shownLayout() {
  const { left, right } = state.sides;
  if (mapOf(left) === mapOf(right)) return "one";
  return state.layout === "beside" && narrowPage.matches ? "stacked" : state.layout;
}

/** What the stage draws. */
export function panes() {
  const { width, height } = state.stage.size;
  const whole = { left: 0, top: 0, width, height };
  const { left, right } = state.sides;
  const layout = shownLayout();
  if (layout === "one") return [paneOf(right, whole, whole)];
  if (layout === "split") {
    const edge = Math.round(state.split * width);
    return [paneOf(left, whole, { ...whole, width: edge }), paneOf(right, whole, { ...whole, left: edge, width: width - edge })];
  }
  const [first, second] = layout === "stacked" ? halves(whole, "top", "height") : halves(whole, "left", "width");
  return [paneOf(left, first, first), paneOf(right, second, second)];
}

function halves(whole, start, length) {
  const half = Math.floor((whole[length] - GAP * devicePixelRatio) / 2);
  return [{ ...whole, [length]: half }, { ...whole, [length]: half, [start]: whole[length] - half }];
}

/** The overlay that is drawn: they tell of HDR. */
export const shownOverlay = () => (isSdrOnly() ? "none" : state.overlay);

/** As `lookOf`, of what is wished for now. */
export const shownLook = (map, isHdr) => lookOf(map, { ...state, overlay: shownOverlay() }, isHdr, fullGain());

function paneOf(side, frame, clip) {
  const map = mapOf(side);
  return { renderer: openedOf(side).renderer, map, view: state.view, frame, clip, ...shownLook(map, state.stage.isHdr) };
}

/** The largest gain of the photo's maps, log2. */
export const fullGain = () => Math.max(...Object.values(state.opened.maps).map((map) => map.headroom));

/** There is no HDR to be seen or compared with. */
export const isSdrOnly = () => Boolean(state.opened) && fullGain() === 0 && !state.rival;

function label(side) {
  const kinds = Object.keys(openedOf(side).maps).length;
  const name = mapOf(side).kind === "base" ? "SDR" : kinds < 3 ? "HDR" : `HDR, ${mapOf(side).kind === "neural" ? "neural" : "standard"} map`;
  return side.isRival ? `${photoOf(side).name}, ${name}` : name;
}

/** What the left and the right side are called. */
export const tagNames = () => [label(state.sides.left), label(state.sides.right)];
