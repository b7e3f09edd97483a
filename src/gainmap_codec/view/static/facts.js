// What the page says of a file: its notes, its bytes part by part, its own words.

import { at, count, element, prose, sentence } from "./element.js";

const COLORS = ["#7d8da1", "#e8833a", "#4aa3df", "#8bbf56", "#b07cc6", "#d6b84c", "#cf5c78", "#55b9a6", "#a98467", "#c3c9d1"];
const COLORED = ["base image", "neural gain map", "standard gain map"]; // the same colours on every page

export function showFacts(photo) {
  at("title").textContent = at("title").title = photo.name;
  document.title = `${photo.name} – gain map`;
  at("summary").textContent = photo.description.split("\n")[0] || `${count(photo.bytes)} bytes`;
  at("description").textContent = photo.description;
  at("details").hidden = !photo.sums.length && !photo.description.includes("\n"); // else the summary says it all
  showNotes(photo.notes);
  const others = photo.sums.map(([name]) => name).filter((name) => !COLORED.includes(name));
  const colorOf = (name) => COLORS[[...COLORED, ...others].indexOf(name) % COLORS.length];
  at("bar").replaceChildren(...photo.sums.map(([name, bytes]) => {
    const part = element("span", { title: name });
    part.style.flexGrow = bytes;
    part.style.background = colorOf(name);
    return part;
  }));
  at("sums").tBodies[0].replaceChildren(...[...photo.sums, ["the whole file", photo.bytes]].map(([name, bytes]) => {
    const swatch = element("span", { className: "swatch" });
    swatch.style.background = name === "the whole file" ? "none" : colorOf(name);
    const share = `${((100 * bytes) / photo.bytes).toFixed(2)} %`;
    return element("tr", {},
      Object.assign(element("th", {}, swatch, name), { scope: "row" }),
      element("td", { className: "number" }, count(bytes)),
      element("td", { className: "number" }, share));
  }));
  at("bytes").hidden = !photo.sums.length;
  at("in-order").hidden = !photo.parts.length;
  at("parts").tBodies[0].replaceChildren(...photo.parts.map(([start, bytes, name]) => element("tr", {},
    element("td", { className: "number" }, count(start)),
    element("td", { className: "number" }, count(bytes)),
    element("td", {}, name))));
}

export function showNotes(notes) {
  at("notes").hidden = !notes.length;
  at("notes").querySelector("ul").replaceChildren(...notes.map((note) => element("li", {}, ...prose(sentence(note)))));
}
