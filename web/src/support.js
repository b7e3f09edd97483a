// Whether Ultra HDR files are worth making.

/**
 * Whether this browser shows gain maps, and the window is on a screen that is brighter than SDR white. The first cannot be
 * asked: browsers that know `dynamic-range-limit`, the CSS property that limits pictures in HDR, show them (Chromium 136,
 * Safari 26).
 */
export const showsHdr = () => showsGainMaps() && hdrScreen.matches;

export const showsGainMaps = () => Boolean(globalThis.CSS?.supports("dynamic-range-limit", "no-limit"));

/** The query that tells the screen, which changes as a window is moved to another one. */
export const hdrScreen = globalThis.matchMedia?.("(dynamic-range: high)");
