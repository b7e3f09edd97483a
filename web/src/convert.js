// From a JPEG with a neural gain map to one with a standard gain map, wherever pictures can be decoded off the page.

import { bareJpeg, gainMapOf, isMetadata, joined, parseJpeg, sizeOf } from "../../src/gainmap_codec/view/static/jpeg_segments.js";
import { baseColorOf } from "../../src/gainmap_codec/view/static/base_color.js";
import { bytesOf, checkQuality } from "./given.js";
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
export async function convert(given, { quality, signal } = {}) {
  const bytes = bytesOf(given);
  checkQuality(quality);
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
  const base = parseJpeg(bytes);
  if (!base) throw new Error("expected a JPEG file");
  if (gainMapOf(base)) throw new Error("it has a standard gain map already");
  const payload = payloadOf(base);
  if (!payload) throw new Error("there is no neural gain map in it");
  const parsed = parsePayload(payload);
  const picture = await orSay("the browser could not decode the picture", decodePicture(storedJpeg(base)));
  signal?.throwIfAborted();
  const turn = (await isSamePicture(base, parsed.binding)) ? 1 : findTurn(picture, parsed.binding.soft);
  if (turn === null) throw new Error("the neural gain map belongs to another picture");
  const network = await withPictureValues(parsed, (file) =>
    orSay("the browser could not decode the AV1 picture in the neural gain map", decodePicture(file)));
  const upright = { ...network, coordinates: turnedCoordinates(network.coordinates, turn) };
  const steps = standardMap(upright, picture, () => baseColorOf(base), await startArithmetic());
  const { codes, metadata } = await inSlices(steps, signal);
  const coding = codedAsJpeg(codes, quality ?? QUALITY[metadata.channels.length]);
  const map = parseJpeg(await orSay("the browser could not code the gain map", coding));
  if (!map) throw new Error("the browser writes no JPEG");
  return ultraHdrJpeg(base, map, metadata);
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
async function isSamePicture({ bytes, header, scan, end, isWhole }, { strict }) {
  if (!isWhole || !globalThis.crypto?.subtle) return false; // pages without https have none
  const coded = header.filter((each) => !isMetadata(each)).map(({ start, stop }) => bytes.subarray(start, stop));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", joined([...coded, bytes.subarray(scan, end)])));
  return strict.every((byte, n) => byte === digest[n]);
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
