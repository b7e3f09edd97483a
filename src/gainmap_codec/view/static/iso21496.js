// The binary metadata of a gain map. Source: ISO 21496-1:2025 C.2.2.

const THREE_CHANNELS = 0x80;
const USES_BASE_COLORS = 0x40;
const COMMON_DENOMINATOR = 0x08; // libultrahdr's own
const OLD_FLAGS = 0x03; // of drafts: counted from the low end
const LENGTHS = { whole: [61, 141], compact: [37, 77] };
const MOST_STOPS = 32;

/**
 * The metadata in the form that `Renderer.standardMap` takes, or null where they cannot be used.
 * @param {Uint8Array} bytes What follows the identifier: see `gainMapOf`.
 * @returns {?object} `baseHeadroom` and `alternateHeadroom` (log2); `min`, `max` (log2), `gamma`, `baseOffset` and
 *   `alternateOffset`, three of each; `usesBaseColors`: the maths happen in the base's primaries, else in those of the
 *   gain map's profile.
 */
export function parseIso21496(bytes) {
  const isCopied = LENGTHS.whole.includes(bytes.length - 1) && !bytes.subarray(0, 5).some(Boolean);
  if (isCopied) bytes = bytes.subarray(1); // from a tmap item, with its version
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    const { isThree, usesBaseColors, isCompact } = flagsOf(view.getUint8(4), bytes.length);
    let at = isCompact ? 9 : 5;
    const number = (isSigned) => {
      const numerator = isSigned ? view.getInt32(at) : view.getUint32(at);
      const denominator = view.getUint32(isCompact ? 5 : at + 4);
      at += isCompact ? 4 : 8;
      return numerator / denominator;
    };
    const [baseHeadroom, alternateHeadroom] = [number(false), number(false)];
    const channels = Array.from({ length: isThree ? 3 : 1 }, () => [true, true, false, true, true].map(number));
    const [min, max, gamma, baseOffset, alternateOffset] = [0, 1, 2, 3, 4].map((field) =>
      [0, 1, 2].map((n) => channels[n % channels.length][field]));
    const found = { baseHeadroom, alternateHeadroom, min, max, gamma, baseOffset, alternateOffset, usesBaseColors };
    return view.getUint16(0) === 0 && isUsable(found) ? found : null;
  } catch (error) {
    if (error instanceof RangeError) return null; // cut off
    throw error;
  }
}

function flagsOf(flags, length) {
  const isKnown = Object.values(LENGTHS).flat().includes(length);
  const isOld = !(flags & (THREE_CHANNELS | USES_BASE_COLORS)) && flags & OLD_FLAGS && isKnown;
  const isThree = Boolean(flags & (isOld ? 1 : THREE_CHANNELS));
  const isCompact = Boolean(flags & COMMON_DENOMINATOR) && LENGTHS.compact[isThree ? 1 : 0] === length;
  return { isThree, usesBaseColors: Boolean(flags & (isOld ? 2 : USES_BASE_COLORS)), isCompact };
}

/** Whether the numbers of a gain map, here or in hdrgm, make sense. */
export function isUsable({ baseHeadroom, alternateHeadroom, min, max, gamma, baseOffset, alternateOffset }) {
  const stops = [baseHeadroom, alternateHeadroom, ...min, ...max];
  return stops.every((value) => Math.abs(value) <= MOST_STOPS)
    && [...baseOffset, ...alternateOffset].every(Number.isFinite)
    && gamma.every((value) => value > 0 && value < Infinity)
    && max.every((value, n) => value >= min[n]);
}

/**
 * The binary metadata, 61 bytes for one channel and 141 for three. Their maths happen in the base's primaries.
 * @param {{baseHeadroom: number, alternateHeadroom: number, channels: object[]}} metadata Headrooms log2; of each
 *   channel `min`, `max` (log2), `gamma`, `baseOffset` and `alternateOffset`.
 * @returns {Uint8Array}
 */
export function serializeIso21496({ baseHeadroom, alternateHeadroom, channels }) {
  const numbers = channels.flatMap(({ min, max, gamma, baseOffset, alternateOffset }) => [min, max, gamma, baseOffset, alternateOffset]);
  const view = new DataView(new ArrayBuffer(LENGTHS.whole[channels.length === 3 ? 1 : 0]));
  view.setUint8(4, USES_BASE_COLORS | (channels.length === 3 ? THREE_CHANNELS : 0));
  [baseHeadroom, alternateHeadroom, ...numbers].forEach((number, n) => {
    const [numerator, denominator] = fractionOf(number);
    view.setInt32(5 + 8 * n, numerator);
    view.setUint32(9 + 8 * n, denominator);
  });
  return new Uint8Array(view.buffer);
}

/** The number itself, or the nearest of 32 bits, over a power of two. */
function fractionOf(number) {
  let denominator = 1;
  while (!Number.isInteger(number * denominator) && denominator < 2 ** 31 && Math.abs(number) * denominator < 2 ** 30) denominator *= 2;
  return [Math.round(number * denominator), denominator];
}
