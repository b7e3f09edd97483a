// What callers give: mistakes of a program are told at once, others than those of a file.

/**
 * The bytes of what a caller gives.
 * @throws {TypeError} It is neither an ArrayBuffer nor a view of one.
 */
export function bytesOf(given) {
  if (given instanceof Uint8Array) return given;
  if (given instanceof ArrayBuffer) return new Uint8Array(given);
  if (ArrayBuffer.isView(given)) return new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  const hint = typeof given?.arrayBuffer === "function" ? "; its bytes are await it.arrayBuffer()" : "";
  throw new TypeError(`bytes: expected a Uint8Array, another view or an ArrayBuffer, got ${nameOf(given)}${hint}`);
}

/**
 * The options of what a caller gives; none is as good as an empty object.
 * @throws {TypeError} They are no object, or one of them is something else than it should be.
 */
export function optionsOf(given = {}) {
  if (given === null || typeof given !== "object") throw new TypeError(`options: expected an object, got ${nameOf(given)}`);
  checkQuality(given.quality);
  checkSignal(given.signal);
  return given;
}

/** By what it does: an AbortSignal may be another window's. */
function checkSignal(signal) {
  if (signal === undefined || signal === null || typeof signal.throwIfAborted === "function") return;
  throw new TypeError(`signal: expected an AbortSignal, got ${nameOf(signal)}`);
}

function checkQuality(quality) {
  if (quality === undefined || (typeof quality === "number" && quality >= 0 && quality <= 1)) return;
  throw new TypeError(`quality: expected a number from 0 to 1, got ${typeof quality === "number" ? quality : nameOf(quality)}`);
}

function nameOf(value) {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? Object.prototype.toString.call(value).slice(8, -1) : `a ${typeof value}`;
}
