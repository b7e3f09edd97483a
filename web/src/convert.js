// From a file with a neural gain map to one with a standard gain map, wherever pictures can be decoded off the page.

import { bareJpeg, gainMapOf, isMetadata, joined, parseJpeg, sizeOf } from "../../src/gainmap_codec/view/static/jpeg_segments.js";
import { baseColorOf } from "../../src/gainmap_codec/view/static/base_color.js";
import { bytesOf, optionsOf } from "./given.js";
import { findTurn } from "../../src/gainmap_codec/view/static/binding.js";
import { parsePayload, payloadOf, turnedCoordinates } from "../../src/gainmap_codec/view/static/payload.js";
import { decodePicture } from "../../src/gainmap_codec/view/static/picture_file.js";
import { inSlices, inTurn } from "./turns.js";
import { standardMap } from "./gain_map.js";
import { startArithmetic } from "./kernel.js";
import { ultraHdrJpeg } from "./ultra_hdr.js";
import { withPictureValues } from "../../src/gainmap_codec/view/static/coded_picture.js";

const MOST_PIXELS = 2 ** 27; // 512 MB of code values
const MOST_FILE_BYTES = 2 ** 28;
const QUALITY = { 1: 0.95, 3: 1 }; // by channels: below 1, browsers code colours at half the size

/**
 * As `makeUltraHdr`, on this very thread, one file after the other: for workers and service workers.
 * @param {Uint8Array | ArrayBuffer | ArrayBufferView} given
 * @param {{quality?: number, signal?: AbortSignal}} options
 * @returns {Promise<{bytes: Uint8Array, reason: ?string}>}
 */
export async function convert(given, options) {
  const bytes = bytesOf(given);
  const { quality, signal } = optionsOf(options);
  try {
    return { bytes: await inTurn(() => converted(bytes, quality, signal)), reason: null };
  } catch (error) {
    signal?.throwIfAborted();
    return { bytes, reason: error.message };
  }
}

async function converted(bytes, quality, signal) {
  signal?.throwIfAborted();
  if (bytes.length > MOST_FILE_BYTES) throw new Error(`expected at most ${MOST_FILE_BYTES} bytes, got ${bytes.length}`);
  const source = await sourceOf(bytes);
  if (source.hasMap) throw new Error("it has a standard gain map already");
  if (!source.payload) throw new Error("there is no neural gain map in it");
  const parsed = parsePayload(source.payload);
  if (!globalThis.createImageBitmap) throw new Error("this needs a browser");
  const picture = await orSay("the browser could not decode the picture", source.picture());
  signal?.throwIfAborted();
  const coded = source.coded();
  const turn = (await isSamePicture(coded, parsed.binding)) ? 1 : findTurn(picture, parsed.binding.soft);
  if (turn === null) throw new Error(coded ? "the neural gain map belongs to another picture" : "the file is cut off");
  const network = await withPictureValues(parsed, (file) =>
    orSay("the browser could not decode the AV1 picture in the neural gain map", decodePicture(file)));
  const upright = { ...network, coordinates: turnedCoordinates(network.coordinates, turn) };
  const steps = standardMap(upright, picture, source.color, await startArithmetic());
  const made = await inSlices(steps, signal);
  return source.withMap(made, quality);
}

/** A file as it is converted: `jpegSource`, or for other files what ultra_hdr_avif.js makes of them, which is loaded then. */
async function sourceOf(bytes) {
  const source = jpegSource(bytes);
  if (source) return source;
  if (!isAvif(bytes)) throw new Error(whyNone(bytes));
  const { avifSource } = await orSay("the module for AVIF files could not be loaded", import("./ultra_hdr_avif.js"));
  return avifSource(bytes);
}

function whyNone(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return "the file is cut off or damaged before its pixels begin";
  return `expected a JPEG or AVIF file${bytes.length ? "" : ", got no bytes"}`;
}

const isAvif = (bytes) => String.fromCharCode(...bytes.subarray(4, 8)) === "ftyp";

/**
 * A JPEG as it is converted.
 * @returns {?{hasMap: boolean, payload: ?Uint8Array, picture, coded, color, withMap}} `picture()` gives its code values as they
 *   are stored, `coded()` the bytes that a payload is bound to, null where they are not whole, `color()` what they mean,
 *   `withMap({codes, metadata}, quality)` the file with a standard gain map. Null: it is no JPEG.
 */
function jpegSource(bytes) {
  const base = parseJpeg(bytes);
  return base && {
    hasMap: Boolean(gainMapOf(base)),
    payload: payloadOf(base),
    picture: () => decodePicture(storedJpeg(base)),
    coded: () => codedBytes(base),
    color: () => baseColorOf(base),
    withMap: async ({ codes, metadata }, quality = QUALITY[metadata.channels.length]) => {
      const map = parseJpeg(await orSay("the browser could not code the gain map", codedAsJpeg(codes, quality)));
      if (!map) throw new Error("the browser writes no JPEG");
      return ultraHdrJpeg(base, map, metadata);
    },
  };
}

/** The base as a file of its own without profile and orientation: every browser decodes that to the same code values. */
function storedJpeg(image) {
  const { width, height } = sizeOf(image);
  if (width * height > MOST_PIXELS) throw new Error(`expected at most ${MOST_PIXELS} pixels, got ${width * height}`);
  return bareJpeg(image);
}

/** Browsers' own words for what fails differ, and tell a page little. */
async function orSay(reason, work) {
  try {
    return await work;
  } catch {
    throw new Error(reason);
  }
}

/** Whether the coded bytes are those that the payload was made for: quicker than to look at all pixels. */
async function isSamePicture(coded, { strict }) {
  if (!coded || !globalThis.crypto?.subtle) return false; // pages without https have none
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", joined(coded)));
  return strict.every((byte, n) => byte === digest[n]);
}

function codedBytes({ bytes, header, scan, end, isWhole }) {
  const coded = header.filter((each) => !isMetadata(each)).map(({ start, stop }) => bytes.subarray(start, stop));
  return isWhole ? [...coded, bytes.subarray(scan, end)] : null;
}

async function codedAsJpeg({ data, width, height }, quality) {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality });
  return new Uint8Array(await blob.arrayBuffer());
}

/** In the worker that index.js starts: files come in, answers go out. */
if (globalThis.DedicatedWorkerGlobalScope && self.name === "gainmap-nn") {
  const running = new Map(); // number of a file → its AbortController
  self.onmessage = async ({ data: { number, bytes, quality, isAborted } }) => {
    if (isAborted) {
      running.get(number)?.abort();
      return;
    }
    const controller = new AbortController();
    running.set(number, controller);
    try {
      const { bytes: made, reason } = await convert(bytes, { quality, signal: controller.signal });
      if (reason) self.postMessage({ number, reason });
      else self.postMessage({ number, made, reason }, [made.buffer]);
    } catch {
      // it was aborted: nobody waits any more
    } finally {
      running.delete(number);
    }
  };
}
