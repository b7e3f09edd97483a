// Which photo is shown.

import { fitStage } from "./drawing.js";
import { at } from "./element.js";
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
  at("welcome").hidden = true;
  at("viewer").hidden = at("details").hidden = false;
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
    state.stage ??= await openStage();
    const opened = await openPhoto(photo, state.stage);
    if (turn !== state.turn) return opened.close();
    state.opened = opened;
    showOpened(photo);
  } catch (error) {
    if (turn === state.turn) showFallback(error.message);
  }
  document.documentElement.dataset.state = "ready";
}

export function closeOpened() {
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
  state.stage.canvas.setAttribute("aria-label", `${photo.name}, compared`);
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
  if (!counts) return;
  showLight(counts, map.headroom);
  at("summary").append(` · brightest: ${brightestWords(counts.most)}`);
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
    if (made !== state.stage) return;
    state.stage = null;
    showFallback("The graphics processor has given up.");
  });
  for (const line of document.querySelectorAll(".sdr-screen")) line.hidden = made.isHdr;
  return made;
}
