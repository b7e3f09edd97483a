// A photo of the page, and what is needed to look at it. A photo is a record of facts, whose `read` gives its parts:
// {picture, color, colorSpace, standard, neural}:
//   picture    the base as a Blob that the browser decodes, upright
//   color      what its code values mean, {curves, toBt2020}
//   colorSpace "srgb" or "display-p3" where the browser shall convert it to that; missing where its values are those in the file
//   standard   null, or {picture, metadata, width, height, bytes, carrier}: the map as a Blob, upright; metadata as
//              `Renderer.standardMap` takes them; its size, its bytes or null, and a name in CARRIERS of panels.js
//   neural     null, or {payload, coordinates}: null for coordinates where `networkFor` has to find how the picture is turned

import { withPictureValues } from "./coded_picture.js";
import { networkFor } from "./gain_map_view.js";
import { parsePayload } from "./payload.js";
import { decodePicture } from "./picture_file.js";

const MOST_PIXELS = 2 ** 26;
const PUBLISHED_SIDE = 2048; // a network for each pixel
export const MAP_NAMES = { neural: "Neural gain map", standard: "Standard gain map" };

function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let n = 0; n < bytes.length; n++) bytes[n] = letters.charCodeAt(n);
  return bytes;
}

/**
 * A photo that stands in the page, of what `assemble_page` of page.py writes.
 * @param shown Its record.
 * @param {string} address Of its picture, a data URL.
 */
export function embeddedPhoto(shown, address) {
  const { curves, toBt2020, standard, neural, ...facts } = shown;
  const read = async () => ({
    picture: new Blob([bytesOf(address.slice(address.indexOf(",") + 1))], { type: "image/jpeg" }),
    color: { curves: new Float32Array(bytesOf(curves).buffer), toBt2020 },
    standard: standard && { ...standard, picture: new Blob([bytesOf(standard.picture)]) },
    neural: neural && { ...neural, payload: bytesOf(neural.payload) },
  });
  return { ...facts, address, read };
}

/**
 * A photo ready to be drawn on the stage.
 * @returns {Promise<{renderer, maps, parts, notes, close}>} `maps` by kind: "base" and those that can be used of "neural" and
 *   "standard"; `parts` is what was read; `notes` say what cannot be used.
 */
export async function openPhoto(photo, stage) {
  const parts = await photo.read();
  const notes = [...photo.notes];
  const network = parts.neural && (await usable("neural", notes, () => parsePayload(parts.neural.payload)));
  const picture = await decodePicture(parts.picture, longestSide(photo, network, stage), parts.colorSpace);
  if (picture.width < photo.width) {
    notes.push(`Shown at ${picture.width} × ${picture.height} pixels of ${photo.width} × ${photo.height}.`);
  }
  const renderer = stage.add(picture, parts.color);
  const maps = { base: renderer.baseMap() };
  const prepare = async (kind, make) => {
    const map = await usable(kind, notes, make);
    if (map) maps[kind] = map;
  };
  if (network) {
    await prepare("neural", async () => {
      const { payload, coordinates } = parts.neural;
      const placed = coordinates ? { ...network, coordinates } : networkFor(payload, picture);
      return renderer.neuralMap(await withPictureValues(placed, decodePicture));
    });
  }
  if (parts.standard) {
    await prepare("standard", async () => {
      const pixels = await decodePicture(parts.standard.picture, stage.longestSide);
      return renderer.standardMap(pixels, parts.standard.metadata);
    });
  }
  return { renderer, maps, parts, notes, close: () => renderer.close() };
}

async function usable(kind, notes, make) {
  try {
    return await make();
  } catch (error) {
    notes.push(`The ${MAP_NAMES[kind].toLowerCase()} cannot be used here: ${error.message}`);
    return null;
  }
}

function longestSide({ width, height }, network, stage) {
  const most = network?.family === "published" ? PUBLISHED_SIDE : stage.longestSide;
  return Math.floor(Math.min(most, Math.max(width, height) * Math.sqrt(MOST_PIXELS / (width * height))));
}

/** The kind of map that the photo's HDR is rendered from: "base" where there is none. */
export function hdrKind(photo, { maps }) {
  if (maps[photo.prefer]) return photo.prefer;
  return Object.keys(maps).find((kind) => kind !== "base") ?? "base";
}
