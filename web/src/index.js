// What a page imports: README.md. The work is done by convert.js, in a worker where there can be one.

import { bytesOf, optionsOf } from "./given.js";

export { showsHdr } from "./support.js";

/** @returns {Promise<Uint8Array>} See index.d.ts. */
export async function toUltraHdr(given, options) {
  return (await makeUltraHdr(given, options)).bytes;
}

/** @returns {Promise<{bytes: Uint8Array, reason: ?string}>} See index.d.ts. */
export async function makeUltraHdr(given, options) {
  const bytes = bytesOf(given);
  const { quality, signal } = optionsOf(options);
  signal?.throwIfAborted();
  const answer = (await askWorker(bytes, quality, signal)) ?? (await convertHere(bytes, quality, signal));
  return { bytes: answer.made ?? bytes, reason: answer.reason };
}

async function convertHere(bytes, quality, signal) {
  const { convert } = await import("./convert.js");
  const { bytes: made, reason } = await convert(bytes, { quality, signal });
  return { made, reason };
}

/** Starts the worker ahead of the first file: it is loaded while that is. */
export function prepare() {
  worker ??= startWorker();
}

const waiting = new Map(); // number of a file → what its answer is given to
let worker = null; // null before the first file, false where there can be none
let count = 0;

/** The worker's answer, or null where there is no worker. */
function askWorker(bytes, quality, signal) {
  prepare();
  if (!worker) return null;
  const number = (count += 1);
  return new Promise((resolve, reject) => {
    const stop = () => {
      worker?.postMessage?.({ number, isAborted: true });
      settle(number, () => reject(signal.reason));
    };
    signal?.addEventListener("abort", stop, { once: true });
    waiting.set(number, (answer) => {
      signal?.removeEventListener("abort", stop);
      resolve(answer);
    });
    const copy = new Uint8Array(bytes); // a message would bring all of the buffer that the bytes are a part of
    worker.postMessage({ number, bytes: copy, quality }, [copy.buffer]);
  });
}

function startWorker() {
  if (!globalThis.Worker) return false; // a service worker, or no browser
  try {
    const started = new Worker(new URL("./convert.js", import.meta.url), { type: "module", name: "gainmap-nn" });
    started.onmessage = ({ data }) => settle(data.number, (answer) => answer(data));
    started.onerror = giveUp;
    return started;
  } catch {
    tellNoWorker(); // its file is another site's
    return false;
  }
}

function tellNoWorker() {
  console.warn(
    "gainmap-nn: the worker's file, convert.js, could not be loaded, so photos are converted on the page's own thread. " +
      "Some bundlers do not copy it, and policies (CSP) can forbid it: see \"What it needs\" in README.md.");
}

/** No worker after all, its file is not there or a policy of the page forbids it: what waits is done here. */
function giveUp() {
  tellNoWorker();
  worker = false;
  for (const number of [...waiting.keys()]) settle(number, (answer) => answer(null));
}

function settle(number, how) {
  const answer = waiting.get(number);
  waiting.delete(number);
  if (answer) how(answer);
}
