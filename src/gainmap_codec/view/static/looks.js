// How renditions look on this screen: what `drawTo` of a renderer is told for them.

/** What a pane is covered with, by name; `output` of the renderer's. */
export const OVERLAYS = {
  none: { words: "Nothing", output: "display" },
  falseColor: { words: "False colours by nits", output: "falseColor" },
  clipping: { words: "Clipping", output: "clipping" },
  gain: { words: "Gain map", output: "gain" },
};

/** @param wishes {headroom, exposure, highlights, overlay}: of the page's state. */
export function lookOf(map, wishes, isHdr, fullGain) {
  const isBase = map.kind === "base";
  const output = isBase && wishes.overlay === "gain" ? "display" : OVERLAYS[wishes.overlay].output;
  if (isBase) return { output, options: { headroom: 0, exposure: 1, peak: 1, limit: 1, fullGain } };
  const headroom = Math.min(wishes.headroom, map.headroom);
  const exposure = isHdr ? 1 : 2 ** wishes.exposure;
  const most = 2 ** headroom * exposure;
  const isCut = !isHdr && wishes.highlights === "cut";
  return { output, options: { headroom, exposure, peak: isCut ? 1 : Math.max(1, most), limit: isCut ? 1 : most * 1.001, fullGain } };
}
