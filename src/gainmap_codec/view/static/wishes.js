// The controls say what the state says.

import { SDR_WHITE_NITS } from "./color.js";
import { redraw } from "./drawing.js";
import { at, count, prose } from "./element.js";
import { showLegend } from "./legend.js";
import { fullGain, isSdrOnly, shownLayout, shownOverlay, state } from "./state.js";

const TRUE_HDR = "True HDR: this screen goes beyond white, and so does the picture.";
const NO_MAP = "SDR only: there is no gain map to use.";
const NO_HDR = {
  squeezed: "This browser or this screen shows no HDR here, so HDR is tone-mapped: its highlights are squeezed to fit below white.",
  cut: "This browser or this screen shows no HDR here: what is brighter than white is cut off. Lower the exposure to look into the highlights.",
};

export function showWishes() {
  const { layout, headroom, exposure, highlights, overlay } = state;
  const isSdr = isSdrOnly();
  const isOne = layout === "one" || isSdr;
  at("stage").dataset.layout = shownLayout();
  at("left-line").hidden = isOne || at("right-line").hidden;
  at("right-name").textContent = isOne ? "Picture" : "Right";
  at("layouts").hidden = at("overlay-line").hidden = isSdr;
  document.querySelector(`[name=layout][value=${layout}]`).checked = true;
  document.querySelector(`[name=highlights][value=${highlights}]`).checked = true;
  at("overlay").value = overlay;
  showLegend(shownOverlay(), fullGain());
  at("headroom-text").textContent = `${headroom.toFixed(2)} stops, ${count(SDR_WHITE_NITS * 2 ** headroom)} nits`;
  at("exposure-text").textContent = `${exposure > 0 ? "+" : ""}${exposure.toFixed(2)} stops`;
  const status = isSdr ? state.photos[state.current].whySdr ?? NO_MAP : state.stage.isHdr ? TRUE_HDR : NO_HDR[highlights];
  at("status").replaceChildren(...prose(status));
  at("status").className = state.stage.isHdr && !isSdr ? "hdr" : "";
  at("sliders").hidden = isSdr;
  redraw();
}

/** Change what the state says. */
export function wish(name, value) {
  state[name] = value;
  if (state.opened) showWishes();
}

export const after = (names, name) => names[(names.indexOf(name) + 1) % names.length];
