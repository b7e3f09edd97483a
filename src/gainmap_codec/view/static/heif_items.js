// A HEIC or AVIF file cut into its items. Source: ISO/IEC 14496-12 (boxes, clause 8.11), ISO/IEC 23008-12 (properties).

import { joined } from "./jpeg_segments.js";

const [MOST_BOXES, MOST_ITEMS, MOST_LINKS] = [8192, 4096, 2 ** 16]; // of one file

/**
 * The items of a file.
 * @param {Uint8Array} bytes
 * @returns {?{bytes, brands: string[], primary: number, items: Map, references: object[], groups: object[]}} Items by id: {id,
 *   kind, name, contentType, properties, extents}; a property is {kind, body, isEssential}; `extents` are [start, stop] in the
 *   file, null where some lie outside it. References are {kind, source, targets}, groups {kind, entities}. Null: the file
 *   does not begin as one of these.
 * @throws {Error} What cannot be read in it.
 */
export function parseHeif(bytes) {
  if (textAt(bytes, 4, 4) !== "ftyp") return null;
  try {
    return parsed(new Boxes(bytes));
  } catch (error) {
    throw error instanceof RangeError ? new Error("one of its boxes is cut off") : error;
  }
}

function parsed(file) {
  const boxes = file.children({ body: 0, stop: file.bytes.length }, 0, true);
  const found = new Map(file.children(boxes.find(({ kind }) => kind === "meta"), 4).reverse().map((box) => [box.kind, box]));
  const items = new Map(itemsOf(file, found.get("iinf")).map((item) => [item.id, item]));
  if (found.has("iprp")) addProperties(file, found.get("iprp"), items);
  addPlaces(file, found.get("iloc"), found.get("idat"), items);
  const primary = file.reader(found.get("pitm"));
  return {
    bytes: file.bytes,
    brands: brandsOf(file.bytes, boxes[0]),
    primary: primary.unsigned(primary.version() ? 4 : 2),
    items,
    references: found.has("iref") ? referencesOf(file, found.get("iref")) : [],
    groups: found.has("grpl") ? file.children(found.get("grpl")).map((box) => groupOf(file, box)) : [],
  };
}

/** Whether a file ends within its pictures or what tells of them. */
export function isCutOff(bytes) {
  for (let at = 0; bytes.length - at >= 16; ) {
    const { kind, stop } = boxAt(new Reader(bytes, at, bytes.length), at, bytes.length);
    if (stop > bytes.length) return kind === "meta" || kind === "mdat";
    if (stop - at < 8) break;
    at = stop;
  }
  return false;
}

/** The bytes of an item. */
export function dataOf({ bytes, items }, id) {
  const extents = items.get(id)?.extents;
  if (!extents?.length) throw new Error("a part of it lies outside the file");
  const size = extents.reduce((sum, [start, stop]) => sum + stop - start, 0);
  if (size > bytes.length) throw new Error("a part of it is larger than the file");
  return joined(extents.map(([start, stop]) => bytes.subarray(start, stop)));
}

/** The bodies of an item's properties of this kind. */
export const propertiesOf = ({ properties }, kind) => properties.filter((each) => each.kind === kind).map(({ body }) => body);

/** What an item refers to, by the first reference of this kind. */
export const targetsOf = ({ references }, kind, id) =>
  references.find((each) => each.kind === kind && each.source === id)?.targets ?? [];

/** The items that refer to this one. */
export function sourcesOf({ references, items }, kind, id) {
  const found = references.filter((each) => each.kind === kind && each.targets.includes(id)).map(({ source }) => source);
  return [...new Set(found)].map((source) => items.get(source)).filter((item) => item);
}

export const textAt = (bytes, at, count) => String.fromCharCode(...bytes.subarray(at, at + count));

/** Boxes of a file, and how many of them and of what they list were looked at. */
class Boxes {
  #seen = 0;
  #links = 0;

  constructor(bytes) {
    this.bytes = bytes;
  }

  /** The boxes in one; of the file's own, the last may be cut off, and those of a film behind the picture are not taken. */
  children(parent, skip = 0, isFile = false) {
    if (!parent) throw new Error("a box is missing in it");
    const found = [];
    for (let at = parent.body + skip; at < parent.stop; at = found.at(-1).stop) {
      this.#seen += 1;
      if (this.#seen > MOST_BOXES) throw new Error(`it has more than ${MOST_BOXES} boxes`);
      if (isFile && parent.stop - at < 8) break;
      const box = boxAt(new Reader(this.bytes, at, parent.stop), at, parent.stop);
      if (isFile && found.some(({ kind }) => kind === "meta") && box.kind === "ftyp") break;
      if (box.stop < box.body || (box.stop > parent.stop && !isFile)) throw new Error("a box in it has an impossible size");
      found.push({ ...box, stop: Math.min(box.stop, parent.stop) });
    }
    return found;
  }

  reader(box) {
    if (!box) throw new Error("a box is missing in it");
    return new Reader(this.bytes, box.body, box.stop);
  }

  /** So many links more: targets, entities, properties, extents. */
  spend(count) {
    this.#links += count;
    if (this.#links > MOST_LINKS) throw new Error(`its items have more than ${MOST_LINKS} links`);
  }
}

/** Where a box begins and ends. */
function boxAt(reader, start, stop) {
  let size = reader.unsigned(4);
  const kind = reader.text(4);
  if (size === 1) size = reader.unsigned(8);
  return { kind, body: start + reader.at, stop: size === 0 ? stop : start + size };
}

/** Numbers one behind the other; a RangeError where there are none left. */
class Reader {
  #view;
  at = 0;

  constructor({ buffer, byteOffset }, start, stop) {
    this.#view = new DataView(buffer, byteOffset + start, stop - start);
  }

  /** Of 0, 1, 2, 4 or 8 bytes. */
  unsigned(size) {
    const at = this.at;
    this.at += size;
    if (size === 1) return this.#view.getUint8(at);
    if (size === 2) return this.#view.getUint16(at);
    if (size === 4) return this.#view.getUint32(at);
    return size ? this.#view.getUint32(at) * 2 ** 32 + this.#view.getUint32(at + 4) : 0;
  }

  numbers(count, size) {
    return Array.from({ length: count }, () => this.unsigned(size));
  }

  text(count) {
    return String.fromCharCode(...this.numbers(count, 1));
  }

  /** Up to a 0. */
  string() {
    let text = "";
    for (let code = this.unsigned(1); code; code = this.unsigned(1)) text += String.fromCharCode(code);
    return text;
  }

  /** The version of a full box; its flags are in `flags` then. */
  version() {
    const whole = this.unsigned(4);
    this.flags = whole & 0xffffff;
    return whole >>> 24;
  }
}

function brandsOf(bytes, { body, stop }) {
  const brands = Array.from({ length: Math.floor((stop - body) / 4) }, (_, n) => textAt(bytes, body + 4 * n, 4));
  return brands.filter((_, n) => n !== 1); // the second is a version
}

function itemsOf(file, box) {
  const reader = file.reader(box);
  const boxes = file.children(box, reader.version() ? 8 : 6);
  if (boxes.length > MOST_ITEMS) throw new Error(`it has more than ${MOST_ITEMS} items`);
  return boxes.filter(({ kind }) => kind === "infe").map((each) => itemOf(file.reader(each)));
}

function itemOf(reader) {
  const version = reader.version();
  if (version !== 2 && version !== 3) throw new Error(`its items are of version ${version}`);
  const id = reader.unsigned(version === 3 ? 4 : 2);
  reader.unsigned(2); // protection
  const kind = reader.text(4);
  const name = reader.string();
  const contentType = kind === "mime" || kind === "uri " ? reader.string() : "";
  return { id, kind, name, contentType, properties: [], extents: null };
}

/** Source: ISO/IEC 23008-12 clause 9.3. */
function addProperties(file, box, items) {
  const children = file.children(box);
  const store = file.children(children.find(({ kind }) => kind === "ipco"))
    .map(({ kind, body, stop }) => ({ kind, body: file.bytes.subarray(body, stop) }));
  for (const child of children.filter(({ kind }) => kind === "ipma")) {
    const reader = file.reader(child);
    const idSize = reader.version() ? 4 : 2;
    const [size, mark] = reader.flags & 1 ? [2, 0x8000] : [1, 0x80];
    for (let left = reader.unsigned(4); left > 0; left--) {
      const item = items.get(reader.unsigned(idSize));
      const count = reader.unsigned(1);
      file.spend(count + 1);
      const codes = reader.numbers(count, size);
      if (codes.some((code) => (code & ~mark) > store.length)) throw new Error("a property of its items is missing");
      const found = codes.filter((code) => code & ~mark).map((code) => ({ ...store[(code & ~mark) - 1], isEssential: code >= mark }));
      if (item?.properties.length) throw new Error("it tells the properties of an item twice");
      item?.properties.push(...found);
    }
  }
}

/** Source: ISO/IEC 14496-12 clause 8.11.3. */
function addPlaces(file, box, idat, items) {
  const reader = file.reader(box);
  const version = reader.version();
  const sizes = reader.unsigned(2);
  const [offsetSize, lengthSize, baseSize, indexSize] = [12, 8, 4, 0].map((shift) => (sizes >> shift) & 15);
  if (![offsetSize, lengthSize, baseSize].every((size) => [0, 4, 8].includes(size))) throw new Error("its places make no sense");
  const idSize = version === 2 ? 4 : 2;
  for (let left = reader.unsigned(idSize); left > 0; left--) {
    const item = items.get(reader.unsigned(idSize));
    const method = version ? reader.unsigned(2) & 15 : 0;
    reader.unsigned(2); // data reference
    const base = reader.unsigned(baseSize);
    const count = reader.unsigned(2);
    file.spend(count + 1);
    const found = Array.from({ length: count }, () => {
      if (version) reader.numbers(indexSize, 1);
      return [base + reader.unsigned(offsetSize), reader.unsigned(lengthSize)];
    });
    const whole = method === 0 ? { body: 0, stop: file.bytes.length } : method === 1 && idat;
    if (item?.extents) throw new Error("it tells the place of an item twice");
    if (item && whole) item.extents = placed(found, whole, lengthSize > 0);
  }
}

/** Extents in the file, or null where some leave what they are counted in. */
function placed(found, { body, stop }, hasLength) {
  const extents = found.map(([offset, length]) => [body + offset, hasLength ? body + offset + length : stop]);
  return extents.every(([first, last]) => first <= last && last <= stop) ? extents : null;
}

/** Source: ISO/IEC 14496-12 clause 8.11.12. */
function referencesOf(file, box) {
  const size = file.reader(box).version() ? 4 : 2;
  return file.children(box, 4).map((child) => {
    const reader = file.reader(child);
    const [source, count] = [reader.unsigned(size), reader.unsigned(2)];
    file.spend(count);
    return { kind: child.kind, source, targets: reader.numbers(count, size) };
  });
}

/** Source: ISO/IEC 14496-12 clause 8.18. */
function groupOf(file, box) {
  const reader = file.reader(box);
  reader.numbers(2, 4); // version and flags, number
  const count = reader.unsigned(4);
  file.spend(count);
  return { kind: box.kind, entities: reader.numbers(count, 4) };
}
