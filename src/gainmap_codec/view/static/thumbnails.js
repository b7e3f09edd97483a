// The strip of small pictures, by which one of many is chosen.

import { at, element } from "./element.js";

const SIDE = 112; // CSS pixels of the longest side

let busy = Promise.resolve(); // one is made after the other: each decodes a whole photo

/** A button for each photo; `choose(n)` shows one. */
export function showStrip(photos, choose) {
  at("strip").hidden = photos.length < 2;
  const known = at("strip").children.length;
  at("strip").append(...photos.slice(known).map((photo, n) => {
    const canvas = element("canvas", { width: 1, height: 1 });
    const button = element("button", { type: "button", title: photo.name }, canvas, element("span", {}, photo.name));
    button.addEventListener("click", () => choose(known + n));
    busy = busy.then(() => drawThumbnail(photo, canvas)).catch(() => {}); // a broken one stays empty
    return button;
  }));
}

export function markCurrent(current) {
  [...at("strip").children].forEach((button, n) => button.setAttribute("aria-current", n === current));
  const button = at("strip").children[current];
  if (button) at("strip").scrollLeft = button.offsetLeft - (at("strip").clientWidth - button.offsetWidth) / 2;
}

async function drawThumbnail(photo, canvas) {
  const { picture } = await photo.read();
  const scale = (SIDE * devicePixelRatio) / Math.max(photo.width, photo.height);
  const [width, height] = [photo.width, photo.height].map((side) => Math.max(1, Math.round(side * scale)));
  const bitmap = await createImageBitmap(picture, { resizeWidth: width, resizeHeight: height, resizeQuality: "high" });
  [canvas.width, canvas.height] = [width, height];
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
}
