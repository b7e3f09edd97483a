// Apple's own gain maps: their headroom, linear. Source: Apple, "Applying Apple HDR effect to your photos".

import { entriesOf } from "./exif.js";
import { textsOf } from "./hdrgm.js";

const GAIN_MAP = "urn:com:apple:photo:2020:aux:hdrgainmap";
const NAMESPACE = "http://ns.apple.com/HDRGainMap/1.0/";
const NOTE = "Apple iOS\0\0\x01MM";
const [HEADROOM_TAG, GAIN_TAG, SIGNED_RATIONAL] = [33, 48, 10];
const MOST_STOPS = 32;

/** Whether a picture's XMP packet says that it is a gain map of Apple's. */
export const isAppleMap = (packet) => packet.includes(GAIN_MAP) || packet.includes(NAMESPACE);

/** The headroom by the map's packet, else by the maker note; null where neither tells one that can be used. */
export function appleHeadroom(packet, makerNote) {
  const prefix = packet.match(/xmlns:([\w.-]{1,64})\s*=\s*["']http:\/\/ns\.apple\.com\/HDRGainMap\/1\.0\/["']/)?.[1];
  const [text] = (prefix && textsOf(packet, `${prefix}:HDRGainMapHeadroom`)) || [];
  const headroom = text === undefined ? headroomOfNote(makerNote) : Number(text);
  return headroom >= 1 && headroom <= 2 ** MOST_STOPS ? headroom : null;
}

function headroomOfNote(note) {
  if (!note || !Array.from(NOTE).every((letter, n) => note[n] === letter.charCodeAt(0))) return null;
  const view = new DataView(note.buffer, note.byteOffset, note.length);
  try {
    const entries = entriesOf(view, NOTE.length, false); // big-endian whatever the file is
    const number = (tag) => {
      const entry = entries.get(tag);
      if (entry?.kind !== SIGNED_RATIONAL) return null;
      const at = view.getUint32(entry.place);
      return view.getInt32(at) / view.getInt32(at + 4);
    };
    const [one, gain] = [number(HEADROOM_TAG), number(GAIN_TAG)];
    const isUsable = Number.isFinite(one ?? gain ?? NaN) && Number.isFinite(gain ?? 0);
    return isUsable ? 2 ** stopsOf(one ?? 0, gain ?? 0) : null;
  } catch (error) {
    if (error instanceof RangeError) return null; // cut off
    throw error;
  }
}

function stopsOf(headroom, gain) {
  const isSmall = gain <= 0.01;
  const stops = headroom < 1
    ? (isSmall ? -20 * gain + 1.8 : -0.101 * gain + 1.601)
    : (isSmall ? -70 * gain + 3 : -0.303 * gain + 2.303);
  return Math.max(stops, 0);
}
