// Files of the visitor's own: dropped anywhere on the page, or chosen.

import { at } from "./element.js";

/** @param add Is given a list of files. */
export function watchDrops(add) {
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  let depth = 0; // elements that the files are held over, one in the other
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("dragging", depth > 0);
  };
  document.addEventListener("dragenter", (event) => hasFiles(event) && mark(1));
  document.addEventListener("dragleave", (event) => hasFiles(event) && mark(-1));
  document.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    mark(-depth);
    add([...event.dataTransfer.files]);
  });
  for (const button of document.querySelectorAll(".open")) button.addEventListener("click", () => at("file").click());
  at("file").addEventListener("change", async ({ target }) => {
    await add([...target.files]);
    target.value = ""; // the same file can be chosen again
  });
}
