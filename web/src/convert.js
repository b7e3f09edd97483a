// From a JPEG with a neural gain map to one with a standard gain map, wherever pictures can be decoded off the page.

import { bareJpeg, gainMapOf, isMetadata, joined, parseJpeg, sizeOf } from "../../src/gainmap_codec/view/static/jpeg_segments.js";
import { baseColorOf } from "../../src/gainmap_codec/view/static/base_color.js";
import { findTurn } from "../../src/gainmap_codec/view/static/binding.js";
import { parsePayload, payloadOf, turnedCoordinates } from "../../src/gainmap_codec/view/static/payload.js";
import { decodePicture } from "../../src/gainmap_codec/view/static/picture_file.js";
import { standardMap } from "./gain_map.js";
import { startArithmetic } from "./kernel.js";
import { ultraHdrJpeg } from "./ultra_hdr.js";
import { withPictureValues } from "../../src/gainmap_codec/view/static/coded_picture.js";

const MOST_PIXELS = 2 ** 27; // 512 MB of code values
const MOST_FILE_BYTES = 2 ** 28;
const MOST_MILLISECONDS = 40; // without a look at what else there is to do
const QUALITY = { 1: 0.95, 3: 1 }; // by channels: below 1, browsers code colours at half the size

/**
 * As `makeUltraHdr`, on this very thread: for workers and service workers.
 * @param {Uint8Array} bytes
 * @param {{quality?: number, signal?: AbortSignal}} options
 * @returns {Promise<{bytes: Uint8Array, reason: ?string}>}
 */
export async function convert(bytes, { quality, signal } = {}) {
  try {
    return { bytes: await converted(bytes, quality, signal), reason: null };
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
  const picture = await decodePicture(storedJpeg(base));
  signal?.throwIfAborted();
  const turn = (await isSamePicture(base, parsed.binding)) ? 1 : findTurn(picture, parsed.binding.soft);
  if (turn === null) throw new Error("the neural gain map belongs to another picture");
  const network = await withPictureValues(parsed, decodePicture);
  const upright = { ...network, coordinates: turnedCoordinates(network.coordinates, turn) };
  const steps = standardMap(upright, picture, () => baseColorOf(base), await startArithmetic());
  const { codes, metadata } = await inSlices(steps, signal);
  const map = parseJpeg(await codedAsJpeg(codes, quality ?? QUALITY[metadata.channels.length]));
  if (!map) throw new Error("this browser writes no JPEG");
  return ultraHdrJpeg(base, map, metadata);
}

/** The base as a file of its own without profile and orientation: every browser decodes that to the same code values. */
function storedJpeg(image) {
  const { width, height } = sizeOf(image);
  if (width * height > MOST_PIXELS) throw new Error(`expected at most ${MOST_PIXELS} pixels, got ${width * height}`);
  return bareJpeg(image);
}

/** What work in steps comes to; in between, the thread answers others, among them who ends the work. */
async function inSlices(steps, signal) {
  let until = performance.now() + MOST_MILLISECONDS;
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    if (performance.now() < until) continue;
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    until = performance.now() + MOST_MILLISECONDS;
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
