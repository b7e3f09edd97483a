// What the colours on top of the picture mean.

import { SDR_WHITE_NITS } from "./color.js";
import { at, count, element } from "./element.js";
import { BANDS } from "./shaders.js";

/** @param overlay A name in OVERLAYS.  @param fullGain The stops that are white in "gain". */
export function showLegend(overlay, fullGain) {
  const lines = LEGENDS[overlay]?.(fullGain) ?? [];
  at("legend").hidden = !lines.length;
  at("legend").replaceChildren(...lines.map((line) => element("li", {}, ...line)));
}

const LEGENDS = {
  falseColor: () => [["grey: up to white"], ...BANDS.map((color, stops) => {
    const swatch = element("span", { className: "swatch" });
    swatch.style.background = color;
    return [swatch, `from ${count(SDR_WHITE_NITS * 2 ** stops)} nits`];
  })],
  clipping: () => [
    [stripes("red"), "cut off: in SDR a channel at 255, in HDR brighter than is shown"],
    [stripes("blue"), "black in all channels"],
  ],
  gain: (fullGain) => [["On the HDR side, "], [shade("black"), "as bright as SDR"], [shade("white"), `brighter by ${fullGain.toFixed(2)} stops`]],
};

const stripes = (color) => element("span", { className: `swatch stripes ${color}` });
const shade = (color) => element("span", { className: `swatch ${color}` });
