// Which photo is shown.

import { drawnInFull, fitStage } from "./drawing.js";
import { at, prose } from "./element.js";
import { showFacts, showNotes } from "./facts.js";
import { brightestWords, countStops } from "./histogram.js";
import { WHOLE } from "./pan_zoom.js";
import { showLight, showMaps } from "./panels.js";
import { hdrKind, openPhoto } from "./photo.js";
import { closeRival, useSides } from "./sides.js";
import { Stage } from "./stage.js";
import { fullGain, state } from "./state.js";
import { markCurrent } from "./thumbnails.js";

export async function showPhoto(number) {
  const turn = ++state.turn;
  const photo = state.photos[number];
  document.documentElement.dataset.state = "busy"; // what tells of the photo before keeps its place, unseen
  at("welcome").hidden = true;
  for (const name of ["viewer", "controls", "readout", "light", "maps"]) at(name).hidden = false;
  at("light").className = at("maps").className = "stale";
  closeOpened();
  state.current = number;
  at("stage").className = "sdr-only";
  at("stage").dataset.layout = "one";
  at("stage").style.setProperty("--ratio", photo.width / photo.height);
  at("status").textContent = "Decoding … SDR is shown until then.";
  at("status").className = "";
  markCurrent(number);
  showFacts(photo);
  try {
    await showBase(photo);
    state.stage ??= await openStage();
    const opened = await openPhoto(photo, state.stage);
    if (turn !== state.turn) return opened.close();
    state.opened = opened;
    showOpened(photo);
  } catch (error) {
    if (turn === state.turn) showFallback(error.message);
  }
  if (turn === state.turn) document.documentElement.dataset.state = "ready";
}

export function closeOpened() {
  closeRival();
  state.opened?.close();
  state.opened = null;
}

/** The page is seen as it is now; a page in the background is not waited for. */
const nextFrame = () => new Promise((resolve) => {
  requestAnimationFrame(() => setTimeout(resolve));
  setTimeout(resolve, 200);
});

/** The base as the browser shows it, before anything else is done. */
async function showBase(photo) {
  const base = at("base");
  const address = photo.address ?? URL.createObjectURL((await photo.read()).picture);
  if (base.src !== address) {
    URL.revokeObjectURL(base.src);
    base.src = address;
  }
  base.alt = `${photo.name}, as SDR`;
  await base.decode().catch(() => {}); // what is broken is told of later
  await nextFrame();
}

function showOpened(photo) {
  showNotes(state.opened.notes);
  state.view = WHOLE;
  useSides();
  fitStage();
  state.stage.canvas.setAttribute("aria-label", `${photo.name}, compared`);
  measure(photo);
}

/** What takes its time: the gain maps as pictures, and the histogram. */
async function measure(photo) {
  const { opened } = state;
  const pause = async () => {
    await new Promise((resolve) => setTimeout(resolve));
    if (opened !== state.opened) throw new Error("another photo is shown");
  };
  await drawnInFull();
  try {
    await pause();
    await showMaps(opened, fullGain(), pause);
    at("maps").className = "";
    const map = opened.maps[hdrKind(photo, opened)];
    const counts = await countStops(opened.renderer, map, pause);
    const most = photo.brightest ?? counts.most;
    showLight(counts, map, most);
    at("light").className = "";
    at("summary").append(` · brightest: ${brightestWords(most)}`);
  } catch (error) {
    if (opened === state.opened) throw error;
  }
}

function showFallback(reason) {
  closeOpened();
  at("stage").className = "sdr-only";
  at("controls").hidden = at("readout").hidden = at("light").hidden = at("maps").hidden = true;
  at("status").replaceChildren(...prose(`Shown as SDR. ${reason}`));
  at("status").className = "";
}

async function openStage() {
  const made = await Stage.open();
  at("canvas").replaceChildren(made.canvas);
  made.canvas.setAttribute("role", "img");
  made.whenLost(() => {
    if (made !== state.stage) return;
    state.stage = null;
    showFallback("The graphics processor has given up.");
  });
  for (const line of document.querySelectorAll(".sdr-screen")) line.hidden = made.isHdr;
  return made;
}
