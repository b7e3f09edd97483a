// A file of the visitor's own, read in the page: a photo as photo.js has them.

import { appleHeadroom, isAppleMap } from "./apple.js";
import { baseColorOf } from "./base_color.js";
import { TO_BT2020, srgbCurves } from "./color.js";
import { orientationSegment, parseExif } from "./exif.js";
import { parseHdrgm } from "./hdrgm.js";
import { parseIso21496 } from "./iso21496.js";
import {
  APP1, APP2, EXIF_ID, ICC_ID, bareJpeg, bodiesOf, frameOf, gainMapOf, isMetadata, isOf, parseJpeg, picturesBehind, sizeOf, xmpOf,
} from "./jpeg_segments.js";
import { isPayload, payloadOf } from "./payload.js";

const MOST_BYTES = 2 ** 28;
const MOST_PIXELS = 2 ** 27;
const CONTAINERS = { avif: "AVIF", avis: "AVIF", heic: "HEIC", heix: "HEIC", mif1: "HEIF", msf1: "HEIF" };

/**
 * @param {File} file
 * @throws {Error} The browser cannot show it.
 */
export async function droppedPhoto(file) {
  if (file.size > MOST_BYTES) throw new Error(`expected at most ${MOST_BYTES / 2 ** 20} MiB, got ${Math.ceil(file.size / 2 ** 20)}`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const image = parseJpeg(bytes);
  if (!image) return shownByBrowser(file, bytes);
  const { facts } = partsOf(image);
  const read = async () => partsOf(parseJpeg(new Uint8Array(await file.arrayBuffer()))).parts;
  return { name: file.name, bytes: file.size, ...facts, read };
}

/** The facts and pictures of a JPEG. */
export function partsOf(image) {
  const notes = [];
  const { orientation, makerNote } = parseExif(bodiesOf(image, APP1, EXIF_ID)[0]);
  const size = checkedSize(image);
  const payload = payloadOf(image);
  const standard = standardOf(image, makerNote, notes);
  const [width, height] = orientation >= 5 ? [size.height, size.width] : [size.width, size.height];
  if (!image.isWhole) notes.push("The file is cut off: what is left of the picture is shown.");
  return {
    facts: { width, height, notes, prefer: payload ? "neural" : "standard", ...describe(image, width, height, payload, standard) },
    parts: {
      picture: upright(image, orientation, true),
      color: colorOf(image, notes),
      standard: standard && { ...standard.caption, metadata: standard.metadata, picture: upright(standard.picture, orientation, false) },
      neural: payload && { payload, coordinates: null },
    },
  };
}

/** The standard gain map that can be used: its picture, metadata as `Renderer.standardMap` takes them, and caption. */
function standardOf(image, makerNote, notes) {
  try {
    return usableMap(image, makerNote, notes);
  } catch (error) {
    notes.push(`The standard gain map cannot be used: ${error.message}`);
    return null;
  }
}

function usableMap(image, makerNote, notes) {
  const found = gainMapOf(image);
  const metadata = found && ((found.iso && parseIso21496(found.iso)) ?? parseHdrgm(found.xmp));
  if (found && !metadata) throw new Error("its numbers make no sense");
  if (metadata && metadata.baseHeadroom > metadata.alternateHeadroom) {
    throw new Error("the picture is HDR by itself, which `gainmap view` shows");
  }
  if (metadata) {
    const isIso = Boolean(found.iso && parseIso21496(found.iso));
    const maths = metadata.usesBaseColors ? {} : { mathsToBt2020: colorOf(found.picture, notes).toBt2020 };
    return { picture: found.picture, metadata: { ...metadata, ...maths }, caption: captionOf(found.picture, isIso ? "iso21496" : "hdrgm") };
  }
  const apple = picturesBehind(image).find((picture) => isAppleMap(xmpOf(picture)));
  const headroom = apple && appleHeadroom(xmpOf(apple), makerNote);
  return headroom ? { picture: apple, metadata: { appleHeadroom: headroom }, caption: captionOf(apple, "apple") } : null;
}

const captionOf = (picture, carrier) => ({ ...checkedSize(picture), bytes: picture.end, carrier });

function colorOf(image, notes) {
  try {
    return baseColorOf(image);
  } catch (error) {
    notes.push(`Its colours are shown as sRGB: ${error instanceof RangeError ? "its colour profile is cut off" : error.message}.`);
    return { curves: srgbCurves(), toBt2020: TO_BT2020.srgb };
  }
}

/** Width and height, of a size that is read. */
function checkedSize(image) {
  const { width, height } = sizeOf(image);
  if (!frameOf(image)) throw new Error("expected a JPEG with a picture in it, got none");
  if (!width || !height || width * height > MOST_PIXELS) throw new Error(`expected 1 to ${MOST_PIXELS} pixels, got ${width} × ${height}`);
  return { width, height };
}

/** A JPEG of its own, without metadata but its orientation, and its profile where that is wanted. */
function upright(image, orientation, hasProfile) {
  return bareJpeg(image, (each) => hasProfile && isOf(image, each, APP2, ICC_ID), orientationSegment(orientation));
}

/** What the page says of the file: a text, and how many bytes of it are what. */
function describe(image, width, height, payload, standard) {
  const size = (segments) => segments.reduce((sum, { start, stop }) => sum + stop - start, 0);
  const sums = [
    ["base image", 2 + size(image.header.filter((each) => !isMetadata(each))) + image.end - image.scan],
    ["standard gain map", standard ? standard.picture.end : 0],
    ["neural gain map", payload ? size(image.header.filter((each) => isPayload(image, each))) : 0],
  ].filter(([, bytes]) => bytes);
  const rest = image.bytes.length - sums.reduce((sum, [, bytes]) => sum + bytes, 0);
  const lines = [`JPEG, ${width} × ${height}`, ...(standard ? numbersOf(standard.metadata) : [])];
  if (!standard && !payload) lines.push("There is no gain map in it that this page can read: it is shown as SDR.");
  return { description: lines.join("\n"), parts: [], sums: rest > 0 ? [...sums, ["metadata and all else", rest]] : sums };
}

function numbersOf({ appleHeadroom: headroom, ...metadata }) {
  if (headroom) return [`Apple gain map, headroom ${Math.log2(headroom).toFixed(2)} stops`];
  const list = (values) => (new Set(values).size > 1 ? values : values.slice(0, 1)).map((value) => Number(value.toFixed(4))).join(" ");
  return [
    "Standard gain map",
    `  full from ${metadata.baseHeadroom.toFixed(2)} to ${metadata.alternateHeadroom.toFixed(2)} stops of headroom`,
    `  gains from ${list(metadata.min)} to ${list(metadata.max)} stops, gamma ${list(metadata.gamma)}`,
    `  offsets ${list(metadata.baseOffset)} and ${list(metadata.alternateOffset)}`,
  ];
}

/** Another kind of picture, as the browser decodes it: SDR. */
async function shownByBrowser(file, bytes) {
  const brand = String.fromCharCode(...bytes.subarray(8, 12));
  const kind = String.fromCharCode(...bytes.subarray(4, 8)) === "ftyp" ? CONTAINERS[brand] ?? "" : "";
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) throw new Error(kind ? `this browser does not show ${kind}; \`gainmap view\` does` : "expected a picture that this browser shows, as JPEG or PNG");
  const { width, height } = bitmap;
  bitmap.close();
  const notes = kind ? [`${kind} files are shown as the browser shows them, in SDR. This page does not read their gain maps: \`gainmap view\` does.`] : [];
  const parts = { picture: file, color: { curves: srgbCurves(), toBt2020: TO_BT2020["display-p3"] }, colorSpace: "display-p3", standard: null, neural: null };
  const description = `${kind || "Picture"}, ${width} × ${height}`;
  return { name: file.name, bytes: file.size, width, height, notes, prefer: "standard", description, parts: [], sums: [], read: async () => parts };
}
