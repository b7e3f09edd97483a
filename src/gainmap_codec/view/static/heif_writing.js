// Items as a HEIC or AVIF file. Source: ISO/IEC 14496-12 clause 8.11; ISO/IEC 23008-12 clause 9.3.

import { joined } from "./jpeg_segments.js";

const MOST_COMPARED = 64; // bytes of a property

/**
 * A file of items, whose ids are 1 and on; the first is the file's picture.
 * @param {string[]} brands The major one, then the compatible ones.
 * @param {object[]} items In the order of their ids: {id, kind, name, isHidden, contentType, properties, data}, properties as
 *   `parseHeif` gives them.
 * @param {object[]} references {kind, source, targets}
 * @param {object[]} groups {kind, id, entities}
 * @param {object[]} laidOut The items in the order of their data, which are stored once where they are the same array.
 * @returns {Uint8Array}
 */
export function heifFile({ brands, items, references, groups = [], laidOut = items }) {
  const start = box("ftyp", text(brands[0]), u32(0), ...brands.slice(1).map(text));
  const parts = [...new Set(laidOut.map(({ data }) => data))];
  const places = new Map();
  parts.reduce((at, part) => (places.set(part, at), at + part.length), 0);
  const meta = (origin) => fullBox("meta", 0,
    fullBox("hdlr", 0, u32(0), text("pict"), new Uint8Array(13)),
    fullBox("pitm", 0, u16(1)),
    fullBox("iloc", 0, [0x44, 0], u16(items.length), ...items.map(({ id, data }) =>
      joined([u16(id), u16(0), u16(1), u32(origin + places.get(data)), u32(data.length)]))),
    fullBox("iinf", 0, u16(items.length), ...items.map(entryOf)),
    ...(references.length ? [fullBox("iref", 0, ...references.map(({ kind, source, targets }) =>
      box(kind, u16(source), u16(targets.length), ...targets.map(u16))))] : []),
    propertiesBox(items.filter(({ properties }) => properties.length)),
    ...(groups.length ? [box("grpl", ...groups.map(({ kind, id, entities }) =>
      fullBox(kind, 0, u32(id), u32(entities.length), ...entities.map(u32))))] : []));
  return joined([start, meta(start.length + meta(0).length + 8), box("mdat", ...parts)]);
}

function entryOf({ id, kind, name = "", isHidden, contentType }) {
  const texts = [name, ...(contentType ? [contentType] : [])].map((each) => text(`${each}\0`));
  return fullBox("infe", (2 << 24) | (isHidden ? 1 : 0), u16(id), u16(0), text(kind), ...texts);
}

/** Each property stands once; large ones (profiles, of thousands of tiles in a hostile file) are told apart by their arrays. */
function propertiesBox(items) {
  const store = new Map();
  const numberOf = ({ kind, body }) => {
    const key = body.length > MOST_COMPARED ? body : `${kind}${body}`;
    if (!store.has(key)) store.set(key, { number: store.size + 1, bytes: box(kind, body) });
    return store.get(key).number;
  };
  const listed = items.map(({ id, properties }) => joined([
    u16(id), [properties.length], ...properties.map((each) => u16(numberOf(each) | (each.isEssential ? 0x8000 : 0))),
  ]));
  return box("iprp", box("ipco", ...[...store.values()].map(({ bytes }) => bytes)), fullBox("ipma", 1, u32(items.length), ...listed));
}

export const text = (letters) => Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
export const u16 = (number) => [number >> 8, number & 255];
export const u32 = (number) => [...u16(number >>> 16), ...u16(number & 0xffff)];

function box(kind, ...parts) {
  const body = joined(parts);
  return joined([u32(8 + body.length), text(kind), body]);
}

function fullBox(kind, versionAndFlags, ...parts) {
  return box(kind, u32(versionAndFlags), ...parts);
}
