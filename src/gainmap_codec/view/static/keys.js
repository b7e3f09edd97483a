// Single keys, and the sheet that lists them.

import { element } from "./element.js";

/**
 * @param keys Each {keys, words, act}: the keys as `KeyboardEvent.key` has them, and as the sheet shows them.
 * @param sheet The <dialog> that lists them.
 */
export function watchKeys(keys, sheet) {
  sheet.querySelector("dl").replaceChildren(...keys.flatMap(({ keys: names, words }) => [
    element("dt", {}, ...names.flatMap((name, n) => [n ? " " : "", element("kbd", {}, SHOWN[name] ?? name)])),
    element("dd", {}, words),
  ]));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || sheet.open) return;
    const { target } = event;
    const isArrow = event.key.startsWith("Arrow");
    if (target.matches("select, textarea, input:not([type=range])") || (isArrow && target.matches("input"))) return;
    const found = keys.find(({ keys: names }) => names.includes(event.key));
    if (!found) return;
    event.preventDefault();
    found.act(event.key);
  });
}

const SHOWN = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", "-": "−" };
