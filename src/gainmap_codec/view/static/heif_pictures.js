// The pictures of a HEIC or AVIF file: its base, its gain map, its neural payload. Source: ISO/IEC 23008-12 (grid, irot, imir,
// auxiliary images) and its amendment 1 (tmap); AV1-ISOBMFF 2.3.3 (av1C).

import { appleHeadroom, isAppleMap } from "./apple.js";
import { dataOf, propertiesOf, sourcesOf, targetsOf, textAt } from "./heif_items.js";
import { heifFile } from "./heif_writing.js";
import { parseHdrgm } from "./hdrgm.js";
import { parseIso21496 } from "./iso21496.js";
import { checkedSize } from "./picture_file.js";

const CODECS = { av01: { config: "av1C", brand: "avif" }, hvc1: { config: "hvcC", brand: "heic" } };
const AUXILIARY_MAPS = [
  "urn:com:apple:photo:2020:aux:hdrgainmap", "urn:com:photo:aux:hdrgainmap", "urn:com:samsung:photo:2024:aux:hdrgainmap",
  "urn:iso:std:iso:ts:21496:-1:aux:gainmap",
];
const TRANSFORMS = ["clap", "irot", "imir"];
const MOST_TRIED = 8; // items that may be the map, or say what it is
const MOST_TILES = 4096;
const MOST_LINKS = 2 ** 16; // of its tiles, each as often as it is named
const MOST_SHARES = 64; // tiles of one place
const MOST_PAYLOAD_BYTES = 2 ** 23;
const MOST_STRETCHED = 1.05; // small maps have rounded sides
const XMP_TYPE = "application/rdf+xml";

/**
 * The base of a file.
 * @returns {{item, tiles, width, height}} As `pictureOf`.
 */
export function baseOf(file) {
  const isTmap = file.items.get(file.primary)?.kind === "tmap";
  return pictureOf(file, isTmap ? targetsOf(file, "dimg", file.primary)[0] : file.primary);
}

/**
 * A picture: a coded item, or a grid of some.
 * @returns {{item, tiles, width, height}} Its item, the coded items that it is made of, and its size as it is stored.
 * @throws {SizeError} It is too large.
 * @throws {Error} It is broken, or of another kind.
 */
export function pictureOf(file, id) {
  const item = file.items.get(id);
  if (!item) throw new Error("its picture is missing");
  const picture = item.kind === "grid" ? gridOf(file, item) : { item, tiles: [item], ...sizeOf(item) };
  checkedSize(picture);
  Object.assign(picture, croppedSize(picture));
  const [kind] = picture.tiles.map((tile) => tile.kind);
  if (!CODECS[kind]) throw new Error(`its picture is of the kind ${kind}`);
  if (picture.tiles.some((tile) => tile.kind !== kind)) throw new Error("its tiles are of several kinds");
  return picture;
}

/** Source: ISO/IEC 23008-12 clause 6.6.2.3.2. */
function gridOf(file, item) {
  const data = dataOf(file, item.id);
  const view = new DataView(data.buffer);
  if (data.length < 8 + 4 * (data[1] & 1) || data[0]) throw new Error("its grid is broken");
  const [width, height] = data[1] & 1 ? [view.getUint32(4), view.getUint32(8)] : [view.getUint16(4), view.getUint16(6)];
  const tiles = targetsOf(file, "dimg", item.id).map((id) => file.items.get(id));
  if (tiles.length > MOST_TILES) throw new Error(`it has more than ${MOST_TILES} tiles`);
  if (tiles.length !== (data[2] + 1) * (data[3] + 1) || tiles.some((tile) => !tile)) throw new Error("tiles of it are missing");
  const links = tiles.reduce((sum, { properties, extents }) => sum + properties.length + (extents?.length ?? 0), 0);
  if (links > MOST_LINKS) throw new Error(`its tiles have more than ${MOST_LINKS} properties and parts`);
  const sizes = tiles.map(sizeOf);
  const isEven = sizes.every((size) => size.width === sizes[0].width && size.height === sizes[0].height);
  const isCovered = width > 0 && height > 0 && width <= sizes[0].width * (data[3] + 1) && height <= sizes[0].height * (data[2] + 1);
  if (!isEven || !isCovered) throw new Error("its tiles do not cover it");
  return { item, tiles, width, height };
}

function sizeOf(item) {
  const [body] = propertiesOf(item, "ispe");
  if (body?.length !== 12) throw new Error("the size of its picture is missing");
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  return { width: view.getUint32(4), height: view.getUint32(8) };
}

/** What crops, turns and mirrors a picture, in the order in which it happens. */
export const transformsOf = ({ item }) => item.properties.filter(({ kind }) => TRANSFORMS.includes(kind));

/** Whether width and height are exchanged. */
export const isOnItsSide = (transforms) => transforms.filter(({ kind, body }) => kind === "irot" && body[0] & 1).length % 2 === 1;

/** What a clean aperture leaves: the top left corner, as encoders fill up their blocks, for browsers crop no other part. */
function croppedSize({ item, width, height }) {
  const found = transformsOf({ item });
  const { body } = found.find(({ kind }) => kind === "clap") ?? {};
  if (!body) return { width, height };
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const [across, down, x, y] = [0, 8, 16, 24].map((at) => view.getInt32(at) / view.getUint32(at + 4));
  const isCorner = (width - across) / 2 + x === 0 && (height - down) / 2 + y === 0;
  const isWhole = [across, down].every((size) => Number.isInteger(size) && size > 0);
  if (found[0].kind !== "clap" || !isCorner || !isWhole || across > width || down > height) throw new Error("a crop (clap) of another kind belongs to it");
  return { width: across, height: down };
}

/** The body of the picture's colour of one of these kinds: "nclx", "prof", "rICC"; undefined for none. */
export function colorBodyOf({ item, tiles }, ...kinds) {
  const bodies = [item, tiles[0]].flatMap((each) => propertiesOf(each, "colr"));
  return bodies.find((body) => body.length > 4 && kinds.includes(textAt(body, 0, 4)))?.subarray(4);
}

/**
 * The picture as a file of its own.
 * @param {object[]} transforms What the file shall say of crops and turns; see `transformsOf`.
 * @returns {Uint8Array}
 */
export function standAlone(file, { item, tiles }, transforms) {
  const { config, brand } = CODECS[tiles[0].kind];
  const record = propertiesOf(tiles[0], config)[0];
  if (!record) throw new Error("what its decoder needs is missing");
  const kept = ({ kind }) => ![...TRANSFORMS, "auxC"].includes(kind);
  const plain = (each) => ({ ...each, properties: withDepths(each.properties.filter(kept), record, brand) });
  const sources = item === tiles[0] ? tiles : [item, ...tiles];
  const data = dataOfTiles(file, sources);
  const [whole, ...parts] = sources.map((each, n) => ({ ...plain(each), data: data[n] }));
  const numbered = parts.map((each, n) => ({ ...each, id: n + 2, isHidden: true }));
  return heifFile({
    brands: [brand, "mif1", "miaf", brand],
    items: [{ ...whole, id: 1, properties: [...whole.properties, ...transforms] }, ...numbered],
    references: numbered.length ? [{ kind: "dimg", source: 1, targets: numbered.map(({ id }) => id) }] : [],
  });
}

/** With the depths that strict decoders ask for. */
function withDepths(properties, record, brand) {
  if (brand !== "avif" || properties.some(({ kind }) => kind === "pixi")) return properties;
  const depth = record[2] & 0x40 ? 10 + ((record[2] & 0x20) >> 4) : 8;
  const channels = record[2] & 0x10 ? 1 : 3;
  return [...properties, { kind: "pixi", body: Uint8Array.from([0, 0, 0, 0, channels, ...Array(channels).fill(depth)]) }];
}

/** The data of each item, once where they share a place; few bytes that claim to be many are refused. */
export function dataOfTiles(file, items) {
  const read = new Map();
  const sizes = { own: 0, all: 0 };
  return items.map(({ id, extents }) => {
    const place = extents?.length === 1 ? String(extents) : extents; // of many extents, only the same item's is the same
    const isNew = !read.has(place);
    if (isNew) read.set(place, dataOf(file, id));
    const data = read.get(place);
    sizes.all += data.length;
    sizes.own += isNew ? data.length : 0;
    if (sizes.own > file.bytes.length || sizes.all > MOST_SHARES * file.bytes.length) throw new Error("its tiles are larger than the file");
    return data;
  });
}

/**
 * The standard gain map of a base that is preferred: by tmap (ISO 21496-1), by hdrgm, by Apple's numbers.
 * @param {?Uint8Array} makerNote Of the base's EXIF: it may tell the headroom of a map of Apple's.
 * @param {string[]} notes Get a line for each that cannot be used.
 * @returns {?{picture, bytes, metadata, carrier, alternate}} Its picture, and that as a file of its own, turned as the base is;
 *   metadata as `parseIso21496` gives them, or `appleHeadroom` alone; of tmap the item `alternate`, whose colour is the
 *   alternate's.
 */
export function mapOf(file, base, makerNote, notes) {
  const tmaps = [...file.items.values()].filter(({ kind }) => kind === "tmap");
  const auxiliary = sourcesOf(file, "auxl", base.item.id).filter((item) => AUXILIARY_MAPS.includes(auxiliaryKind(item)));
  const found = [
    ...tmaps.slice(0, MOST_TRIED).map((item) => () => mapOfTmap(file, base, item)),
    ...auxiliary.slice(0, MOST_TRIED).map((item) => () => mapOfAuxiliary(file, base, item, makerNote)),
  ].map((read) => usable(read, notes)).filter((map) => map);
  return ["iso21496", "hdrgm", "apple"].map((carrier) => found.find((map) => map.carrier === carrier)).find((map) => map) ?? null;
}

function usable(read, notes) {
  try {
    return read();
  } catch (error) {
    notes.push(`A standard gain map cannot be used: ${error.message}.`);
    return null;
  }
}

function mapOfTmap(file, base, tmap) {
  if (!file.brands.includes("tmap")) throw new Error("the file does not say by its brand that there is one");
  const inputs = targetsOf(file, "dimg", tmap.id);
  if (inputs.length !== 2 || inputs[0] !== base.item.id || inputs[1] === inputs[0]) throw new Error("it is another picture's");
  if (!file.groups.some(({ kind, entities }) => kind === "altr" && isBefore(entities, tmap.id, base.item.id))) {
    throw new Error("the file does not prefer it to the base");
  }
  if (!["heic", "heix"].includes(file.brands[0])) checkTmap(base, tmap); // Apple's files turn it
  const data = dataOf(file, tmap.id);
  const metadata = data[0] === 0 ? parseIso21496(data.subarray(1)) : null;
  if (!metadata) throw new Error("its numbers make no sense");
  return { ...placed(file, base, inputs[1]), metadata, carrier: "iso21496", alternate: { item: tmap, tiles: [tmap] } };
}

const isBefore = (entities, one, other) =>
  entities.includes(one) && entities.includes(other) && entities.indexOf(one) < entities.indexOf(other);

function checkTmap(base, tmap) {
  const { width, height } = sizeOf(tmap);
  const own = sizeOf(base.item);
  const isTurned = TRANSFORMS.some((kind) => propertiesOf(tmap, kind).length);
  if (isTurned || width !== own.width || height !== own.height) throw new Error("it is turned, cropped or of another size");
}

function mapOfAuxiliary(file, base, item, makerNote) {
  for (const { id } of sourcesOf(file, "cdsc", item.id).filter(isXmp).slice(0, MOST_TRIED)) {
    const packet = new TextDecoder().decode(dataOf(file, id));
    const metadata = parseHdrgm(packet);
    const headroom = !metadata && isAppleMap(packet) ? appleHeadroom(packet, makerNote) : null;
    if (!metadata && !headroom) continue;
    const found = placed(file, base, item.id);
    if (metadata) return { ...found, metadata, carrier: "hdrgm" };
    return { ...found, metadata: { appleHeadroom: headroom }, carrier: "apple" };
  }
  throw new Error("its numbers are missing, or make no sense");
}

export const isXmp = ({ kind, contentType }) => kind === "mime" && contentType === XMP_TYPE;

/** What an auxiliary picture is: a URN. */
export function auxiliaryKind(item) {
  const body = propertiesOf(item, "auxC")[0];
  return body ? textAt(body, 4, 256).split("\0")[0] : "";
}

/** A map's picture with the turns that lay it over its base: its own, but those of the base where it only fits so. */
function placed(file, base, id) {
  const picture = pictureOf(file, id);
  const [own, wanted] = [transformsOf(picture), transformsOf(base)];
  const [aspect, aspectOfBase] = [picture, base].map(({ width, height }) => width / height);
  const fits = (one) => Math.max(one, aspectOfBase) <= MOST_STRETCHED * Math.min(one, aspectOfBase);
  const isOdd = isOnItsSide(own) !== isOnItsSide(wanted);
  const turns = isOdd && fits(aspect) && !fits(1 / aspect) ? wanted : own;
  const crops = own.filter(({ kind }) => kind === "clap");
  return { picture, bytes: standAlone(file, picture, [...crops, ...turns.filter(({ kind }) => kind !== "clap")]) };
}

/** The item of a base's neural payload, told by how it begins, for tools that keep it drop its name; undefined for none. */
export function payloadItemOf(file, base) {
  return sourcesOf(file, "cdsc", base.item.id).find(({ kind, extents }) => {
    const size = extents?.reduce((sum, [start, stop]) => sum + stop - start, 0) ?? 0;
    const isOther = ["Exif", "tmap", "grid", ...Object.keys(CODECS)].includes(kind);
    return !isOther && size && size <= MOST_PAYLOAD_BYTES && isPayloadStart(file.bytes.subarray(...extents[0]));
  });
}

/** Also of the trial format, which is told apart later. */
const isPayloadStart = (bytes) => (bytes[0] === 0xf6 && bytes[1] >> 4 === 4) || textAt(bytes, 0, 4) === "GNN\0";
