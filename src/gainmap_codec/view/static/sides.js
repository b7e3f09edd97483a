// What is compared: renditions of the photo, or another photo.

import { at, element } from "./element.js";
import { showNotes } from "./facts.js";
import { hdrKind, openPhoto } from "./photo.js";
import { mapOf, photoOf, state, tagNames } from "./state.js";
import { showWishes } from "./wishes.js";

/** What of the photo itself can be chosen for a side. */
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
  at("right-line").hidden = choicesOf().length === 1 && !others.length;
  [at("left-tag").textContent, at("right-tag").textContent] = tagNames();
}

/** @param name "left" or "right".  @param value Of an option of its list. */
export async function chooseSide(name, value) {
  const [word, number] = value.split(" ");
  if (word !== "photo") state.sides[name] = { kind: word };
  else if (await openRival(state.photos[Number(number)])) state.sides[name] = { kind: "hdr", isRival: true };
  useSides();
}

async function openRival(photo) {
  const { turn } = state;
  try {
    const opened = await openPhoto(photo, state.stage);
    if (turn !== state.turn) return void opened.close();
    closeRival();
    state.rival = { photo, opened };
    return true;
  } catch (error) {
    showNotes([...state.opened.notes, `${photo.name}: ${error.message}`]);
  }
}

export function closeRival() {
  for (const [name, side] of Object.entries(state.sides)) {
    if (side.isRival) state.sides[name] = { kind: name === "left" ? "base" : "hdr" };
  }
  state.rival?.opened.close();
  state.rival = null;
}

/** After a change of sides: a display that could show all of the last ones shows all of these. */
export function useSides() {
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

export function exchangeSides() {
  state.sides = { left: state.sides.right, right: state.sides.left };
  useSides();
}
