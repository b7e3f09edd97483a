// A JPEG file cut into its segments and its pictures. Source: ITU-T T.81 annex B; CIPA DC-007 (MPF); Ultra HDR image
// format v1.1 (GContainer).

export const APP0 = 0xe0;
export const APP1 = 0xe1;
export const APP2 = 0xe2;
export const APP11 = 0xeb;
export const APP14 = 0xee;
export const EXIF_ID = "Exif\0\0";
export const XMP_ID = "http://ns.adobe.com/xap/1.0/\0";
export const ICC_ID = "ICC_PROFILE\0";
export const ISO_ID = "urn:iso:std:iso:ts:21496:-1\0";
export const MPF_ID = "MPF\0";

const [SOI, EOI, SOS, COM] = [0xd8, 0xd9, 0xda, 0xfe];
const MPF_ENTRIES = 0xb002;
const MOST_PICTURES = 16; // that are looked at
const HDRGM = "http://ns.adobe.com/hdr-gain-map/1.0/";

/**
 * The JPEG picture at the beginning of some bytes.
 * @param {Uint8Array} bytes
 * @returns {?{bytes: Uint8Array, header: {marker: number, start: number, stop: number}[], scan: number, end: number,
 *   isWhole: boolean}} `header` are the segments between SOI and the first scan, each from its marker on; `scan` is
 *   where that begins, `end` what is behind EOI, or behind all where there is none. Null: no JPEG, or one without a scan.
 */
export function parseJpeg(bytes) {
  if (bytes[0] !== 0xff || bytes[1] !== SOI) return null;
  const header = [];
  for (let at = markerFrom(bytes, 2); at >= 0; at = markerFrom(bytes, header.at(-1).stop)) {
    const segment = segmentAt(bytes, at);
    if (segment.marker === SOS) return { bytes, header, scan: at, ...endOfScans(bytes, at) };
    if (segment.marker === SOI || segment.marker === EOI || segment.stop > bytes.length) return null;
    header.push(segment);
  }
  return null;
}

/** Where the next marker is: bytes that belong to no segment are passed over, as decoders do. */
function markerFrom(bytes, start) {
  let at = bytes.indexOf(0xff, start);
  while (at >= 0 && (bytes[at + 1] === 0xff || bytes[at + 1] === 0)) at = bytes.indexOf(0xff, at + 1);
  return at + 1 < bytes.length ? at : -1;
}

function segmentAt(bytes, at) {
  const marker = bytes[at + 1];
  const isAlone = marker === 1 || (marker >= 0xd0 && marker <= EOI);
  const length = isAlone ? 0 : Math.max(bytes[at + 2] * 256 + bytes[at + 3], 2); // NaN where the bytes end
  return { marker, start: at, stop: at + 2 + (Number.isNaN(length) ? Infinity : length) };
}

/** From the first scan on, what is behind EOI; other markers inside a scan are damage, which decoders show as damage. */
function endOfScans(bytes, start) {
  for (let at = start; at >= 0; ) {
    const { marker, stop } = segmentAt(bytes, at);
    if (marker === EOI) return { end: stop, isWhole: true };
    if (marker === SOI) return { end: at, isWhole: false };
    at = markerFrom(bytes, endsScan(marker) ? stop : at + 2);
  }
  return { end: bytes.length, isWhole: false };
}

/** DHT, DAC, SOS, DQT, DNL, DRI, APPn and COM have lengths. */
function endsScan(marker) {
  return marker === 0xc4 || marker === 0xcc || (marker >= SOS && marker <= 0xdd) || isMetadata({ marker });
}

/** APPn or COM: a decoder's coded bytes are all the others. */
export const isMetadata = ({ marker }) => (marker >= APP0 && marker <= 0xef) || marker === COM;

/** The frame header of a picture, a segment; undefined for none. Source: ITU-T T.81 B.2.2. */
export function frameOf({ header }) {
  return header.find(({ marker }) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker));
}

/** Width and height as they are stored, before anything is decoded; 0 for both of a JPEG without a frame header. */
export function sizeOf(image) {
  const frame = frameOf(image);
  const [height, width] = [5, 7].map((at) => (frame ? image.bytes[frame.start + at] * 256 + image.bytes[frame.start + at + 1] : 0));
  return { width, height };
}

/**
 * The picture as a file of its own: what decoders need of it, and of its metadata APP0, APP14 and those that are wanted.
 * One that is cut off gets an end, without which browsers decode nothing of it.
 * @param {(segment) => boolean} isWanted
 * @param {Uint8Array} first A segment to stand in front.
 * @returns {Blob} Of one part: Firefox 153 decodes none of many.
 */
export function bareJpeg(image, isWanted = () => false, first = new Uint8Array()) {
  const { bytes, header, scan, end, isWhole } = image;
  const kept = header.filter((each) => !isMetadata(each) || [APP0, APP14].includes(each.marker) || isWanted(each));
  const parts = kept.map(({ start, stop }) => bytes.subarray(start, stop));
  return new Blob([joined([[0xff, SOI], first, ...parts, bytes.subarray(scan, end), isWhole ? [] : [0xff, EOI]])], { type: "image/jpeg" });
}

/** What follows the length of a segment. */
export const bodyOf = ({ bytes }, { start, stop }) => bytes.subarray(start + 4, stop);

/** Whether a segment is of this kind: its marker, and the letters that its body begins with. */
export function isOf(image, segment, marker, id) {
  const body = bodyOf(image, segment);
  return segment.marker === marker && Array.from(id).every((letter, n) => body[n] === letter.charCodeAt(0));
}

/** What follows the letters `id` in the header's segments of that kind, in file order. */
export function bodiesOf(image, marker, id) {
  return image.header.filter((segment) => isOf(image, segment, marker, id))
    .map((segment) => bodyOf(image, segment).subarray(id.length));
}

/** The XMP packet as text, or "". */
export function xmpOf(image) {
  const [packet] = bodiesOf(image, APP1, XMP_ID);
  return packet ? new TextDecoder().decode(packet) : "";
}

/** The ICC profile, or null: none, or its chunks are not numbered 1 to their count. Source: ICC.1:2022 annex B.4. */
export function iccProfileOf(image) {
  const chunks = bodiesOf(image, APP2, ICC_ID).sort((one, other) => one[0] - other[0]);
  const isNumbered = chunks.every(([number, count], n) => number === n + 1 && count === chunks.length);
  return chunks.length && isNumbered ? joined(chunks.map((chunk) => chunk.subarray(2))) : null;
}

/** Bytes one behind the other. */
export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}

/**
 * The pictures behind the first one, each as `parseJpeg` gives it, with bytes of its own.
 * They are where the MPF index says, else the GContainer directory, else wherever one begins.
 */
export function picturesBehind(image) {
  for (const places of [placesByIndex, placesByDirectory, placesBySearch]) {
    const found = places(image)
      .slice(0, MOST_PICTURES)
      .filter(([start, size]) => start >= image.end && start + size <= image.bytes.length)
      .map(([start, size]) => parseJpeg(image.bytes.subarray(start, start + size)))
      .filter((picture) => picture);
    if (found.length) return found;
  }
  return [];
}

/**
 * The picture behind the first one that is its gain map by ISO 21496-1 or hdrgm, or null.
 * @returns {?{picture, iso: ?Uint8Array, xmp: string}} `iso` is the binary metadata, for `parseIso21496`; null or "" for
 *   none of that kind.
 */
export function gainMapOf(image) {
  for (const picture of picturesBehind(image)) {
    const iso = bodiesOf(picture, APP2, ISO_ID).find((body) => body.length > 4) ?? null;
    const xmp = xmpOf(picture);
    if (iso || xmp.includes(HDRGM)) return { picture, iso, xmp: xmp.includes(HDRGM) ? xmp : "" };
  }
  return null;
}

/** Places [start, size] of the MPF index, but of the first picture, whose offset is 0. */
function placesByIndex(image) {
  const segment = image.header.find((each) => isOf(image, each, APP2, MPF_ID));
  if (!segment) return [];
  const origin = segment.start + 4 + MPF_ID.length; // from which offsets count
  const view = new DataView(image.bytes.buffer, image.bytes.byteOffset + origin, Math.max(segment.stop - origin, 0));
  try {
    const isLittle = view.getUint16(0) === 0x4949;
    const [u16, u32] = [(at) => view.getUint16(at, isLittle), (at) => view.getUint32(at, isLittle)];
    const tags = u32(4);
    for (let n = 0; n < u16(tags); n++) {
      const tag = tags + 2 + 12 * n;
      if (u16(tag) === MPF_ENTRIES) return entriesAt(u32, u32(tag + 8), u32(tag + 4) / 16).map(([size, at]) => [origin + at, size]);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // an index that is cut off
  }
  return [];
}

/** Size and offset of each entry but the first picture's. */
function entriesAt(u32, table, count) {
  return Array.from({ length: Math.min(Math.floor(count), MOST_PICTURES) }, (_, n) => [u32(table + 16 * n + 4), u32(table + 16 * n + 8)])
    .filter(([, offset]) => offset > 0);
}

/** Places by the GContainer directory, whose items follow each other. */
function placesByDirectory(image) {
  let start = image.end;
  return Array.from(xmpOf(image).matchAll(/<\w+:Item\b[^>]*>/g), ([item]) => {
    const number = (name) => Number(item.match(`:${name}=["'](\\d+)`)?.[1] ?? 0);
    const [size, place] = [number("Length"), start];
    start += size + number("Padding");
    return [place, size];
  }).filter(([, size]) => size > 0);
}

function placesBySearch({ bytes, end }) {
  const places = [];
  for (let at = bytes.indexOf(0xff, end); at >= 0 && places.length < MOST_PICTURES; at = bytes.indexOf(0xff, at + 1)) {
    if (bytes[at + 1] !== SOI || bytes[at + 2] !== 0xff) continue;
    places.push([at, bytes.length - at]);
    at = Math.max(at + (parseJpeg(bytes.subarray(at))?.end ?? 0) - 1, at);
  }
  return places;
}
