// A file of the visitor's own, read in the page: a photo as photo.js has them.

import { appleHeadroom, isAppleMap } from "./apple.js";
import { baseColorOf } from "./base_color.js";
import { TO_BT2020, srgbCurves } from "./color.js";
import { partsOfHeif } from "./dropped_heif.js";
import { orientationSegment, parseExif } from "./exif.js";
import { HDR_BASE, described, usableColor } from "./file_facts.js";
import { parseHdrgm } from "./hdrgm.js";
import { isCutOff } from "./heif_items.js";
import { parseIso21496 } from "./iso21496.js";
import {
  APP1, APP2, EXIF_ID, ICC_ID, bareJpeg, bodiesOf, frameOf, gainMapOf, isMetadata, isOf, parseJpeg, picturesBehind, sizeOf, xmpOf,
} from "./jpeg_segments.js";
import { isPayload, payloadOf } from "./payload.js";
import { SizeError, checkedSize } from "./picture_file.js";
import { kindOf } from "./picture_kinds.js";

const MOST_BYTES = 2 ** 28;
const HEIFS = ["AVIF", "HEIC", "HEIF"];
const BY_PROGRAM = "The command `gainmap view` of the program gainmap-codec makes a page that shows it";
const BY_PROGRAM_IF_HDR = `${BY_PROGRAM} if it is HDR`; // an ordinary TIFF is not

/**
 * @param {File} file
 * @throws {Error} The browser cannot show it.
 */
export async function droppedPhoto(file) {
  if (file.size > MOST_BYTES) throw new Error(`expected at most ${MOST_BYTES / 2 ** 20} MiB, got ${Math.ceil(file.size / 2 ** 20)}`);
  if (file.size === 0) throw new Error("expected a picture, got an empty file");
  const bytes = new Uint8Array(await file.arrayBuffer());
  const kind = kindOf(bytes);
  const image = parseJpeg(bytes);
  if (image) return photoOf(file, partsOf(image), (again) => partsOf(parseJpeg(again)));
  if (HEIFS.includes(kind)) return droppedHeif(file, bytes, kind);
  return shownByBrowser(file, kind, `this page reads no HDR in ${kind}. ${BY_PROGRAM}`);
}

/** A photo whose pictures are read from the file again when they are needed. */
function photoOf(file, { facts }, partsOfBytes) {
  const read = async () => partsOfBytes(new Uint8Array(await file.arrayBuffer())).parts;
  return { name: file.name, bytes: file.size, ...facts, read };
}

/** A HEIC or AVIF file, where the browser knows these: as it is read here, or else as the browser shows it. */
async function droppedHeif(file, bytes, kind) {
  const { found, problem } = readable(bytes, kind);
  if (!(await isShown(file))) throw new Error(isCutOff(bytes) ? `this ${kind} is cut off` : await whyNotShown(kind));
  if (found) return photoOf(file, found, (again) => partsOfHeif(again, kind));
  return shownByBrowser(file, kind, problem);
}

function readable(bytes, kind) {
  try {
    return { found: partsOfHeif(bytes, kind) };
  } catch (error) {
    if (error instanceof SizeError) throw error;
    return { problem: error.message };
  }
}

async function isShown(file) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  bitmap?.close();
  return Boolean(bitmap);
}

/** The facts and pictures of a JPEG. */
export function partsOf(image) {
  const notes = [];
  const { orientation, makerNote } = parseExif(bodiesOf(image, APP1, EXIF_ID)[0]);
  const size = sizeOfFrame(image);
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
    throw new Error(HDR_BASE);
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

const captionOf = (picture, carrier) => ({ ...sizeOfFrame(picture), bytes: picture.end, carrier });

const colorOf = (image, notes) => usableColor(() => baseColorOf(image), notes);

function sizeOfFrame(image) {
  if (!frameOf(image)) throw new Error("expected a JPEG with a picture in it, got none");
  return checkedSize(sizeOf(image));
}

/** A JPEG of its own, without metadata but its orientation, and its profile where that is wanted. */
function upright(image, orientation, hasProfile) {
  return bareJpeg(image, (each) => hasProfile && isOf(image, each, APP2, ICC_ID), orientationSegment(orientation));
}

/** What the page says of the file. */
function describe(image, width, height, payload, standard) {
  const size = (segments) => segments.reduce((sum, { start, stop }) => sum + stop - start, 0);
  return described("JPEG", { width, height }, standard, {
    whole: image.bytes.length,
    base: 2 + size(image.header.filter((each) => !isMetadata(each))) + image.end - image.scan,
    standard: standard ? standard.picture.end : 0,
    neural: payload ? size(image.header.filter((each) => isPayload(image, each))) : 0,
  });
}

/** Another kind of picture, as the browser decodes it: SDR. `kind`: of `kindOf`; then `problem` is why nothing else is shown. */
async function shownByBrowser(file, kind, problem) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) throw new Error(await whyNotShown(kind));
  const { width, height } = bitmap;
  bitmap.close();
  const parts = { picture: file, color: { curves: srgbCurves(), toBt2020: TO_BT2020["display-p3"] }, colorSpace: "display-p3", standard: null, neural: null };
  const told = kind && { notes: [`Shown as the browser shows it, in SDR: ${problem}.`], whySdr: `Shown in SDR: ${problem}.` };
  const description = `${kind ?? "Picture"}, ${width} × ${height}`;
  return { name: file.name, bytes: file.size, width, height, notes: [], prefer: "standard", description, parts: [], sums: [], ...told, read: async () => parts };
}

async function whyNotShown(kind) {
  if (await isKnown(kind)) return `this ${kind} is damaged: the browser cannot decode it`;
  if (kind) return `this page cannot open ${kind} yet.\n${kind === "TIFF" ? BY_PROGRAM_IF_HDR : BY_PROGRAM}.`;
  return "expected a picture, such as a JPEG with a gain map";
}

/** Whether the browser decodes whole files of a kind, as far as it tells. */
async function isKnown(kind) {
  const type = { JPEG: "image/jpeg", "PNG in PQ or HLG": "image/png", AVIF: "image/avif" }[kind];
  return kind === "JPEG" || Boolean(type && (await globalThis.ImageDecoder?.isTypeSupported(type)));
}
