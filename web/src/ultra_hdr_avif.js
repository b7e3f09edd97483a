// AVIF files with a neural gain map, for convert.js: what they hold, and the file with a standard one.
// Source: ISO/IEC 23008-12 and its amendment 1 (tmap); AV1-ISOBMFF 2.3.3 (av1C); AV1 bitstream specification 5.3 to 5.5.

import { colorOfProfile } from "../../src/gainmap_codec/view/static/base_color.js";
import { codePointsOf, colorOfCodePoints } from "../../src/gainmap_codec/view/static/code_points.js";
import { dataOf, parseHeif, propertiesOf, sourcesOf, textAt } from "../../src/gainmap_codec/view/static/heif_items.js";
import {
  auxiliaryKind, baseOf, colorBodyOf, dataOfTiles, isXmp, payloadItemOf, transformsOf,
} from "../../src/gainmap_codec/view/static/heif_pictures.js";
import { heifFile, text, u32 } from "../../src/gainmap_codec/view/static/heif_writing.js";
import { serializeIso21496 } from "../../src/gainmap_codec/view/static/iso21496.js";
import { joined } from "../../src/gainmap_codec/view/static/jpeg_segments.js";
import { decodePicture } from "../../src/gainmap_codec/view/static/picture_file.js";

const DATA_COLOR = [0, 2, 0, 2, 0, 6, 0x80]; // no colour; coded by BT.601's matrix, full range
const PQ = 16;
const [TEMPORAL_DELIMITER, SEQUENCE_HEADER] = [2, 1]; // types of units
const [BASE, TMAP, MAP] = [1, 2, 3]; // items
const MOST_QUANTIZER = 63;
const QUALITY = { 1: 0.9, 3: 1 }; // by channels

/** @returns As `jpegSource` of convert.js. */
export function avifSource(bytes) {
  const file = parseHeif(bytes);
  const base = baseOf(file);
  if (base.tiles[0].kind !== "av01") throw new Error("expected a JPEG or AVIF file");
  const payload = payloadItemOf(file, base);
  return {
    hasMap: [...file.items.values()].some(({ kind }) => kind === "tmap"),
    payload: payload ? dataOf(file, payload.id) : null,
    picture: () => decodePicture(new Blob([bytes], { type: "image/avif" }), Infinity, null, "none"),
    coded: () => codedBytes(file, base),
    color: () => colorOf(base),
    withMap: async ({ codes, metadata }, quality) =>
      avifWithMap(file, base, await codedAsAv1(codes, metadata.channels.length, quality), serializeIso21496(metadata)),
  };
}

/** What a payload is bound to: the data of all tiles, and their configuration records. */
function codedBytes(file, { tiles }) {
  const found = new Set(tiles.map((tile) => propertiesOf(tile, "av1C")[0]));
  const records = new Map(Array.from(found, (record) => [String(record), record]));
  return [...dataOfTiles(file, tiles), ...records.values()];
}

function colorOf(base) {
  const [profile, codePoints] = [["prof", "rICC"], ["nclx"]].map((kinds) => colorBodyOf(base, ...kinds));
  return profile ? colorOfProfile(profile) : colorOfCodePoints(codePoints ? codePointsOf(codePoints) : codePointsOf(DATA_COLOR));
}

/**
 * The file of a base and its gain map. Base, colour, turns, EXIF and XMP are those of the file; thumbnails, other auxiliary
 * pictures and the neural payload are left out.
 * @param map {data, record, width, height}: a coded item, and its av1C.
 * @param {Uint8Array} iso The metadata of ISO 21496-1.
 * @returns {Uint8Array}
 */
export function avifWithMap(file, base, map, iso) {
  if (sourcesOf(file, "auxl", base.item.id).some((item) => auxiliaryKind(item).endsWith(":alpha"))) throw new Error("it is transparent in parts");
  const transforms = transformsOf(base);
  if (transforms.some(({ kind }) => kind === "clap")) throw new Error("a crop (clap) belongs to it");
  const isGrid = base.item.kind === "grid";
  const parts = isGrid ? base.tiles : [];
  const [own, ...tileData] = dataOfTiles(file, [base.item, ...parts]);
  const described = sourcesOf(file, "cdsc", base.item.id).filter((item) => item.kind === "Exif" || isXmp(item));
  const numbered = [
    { ...base.item, isHidden: false, data: own },
    { kind: "tmap", properties: tmapProperties(base), data: joined([[0], iso]) },
    { kind: "av01", isHidden: true, properties: [...mapProperties(map), ...transforms], data: map.data },
    ...described.map((item) => ({ ...item, properties: [], isHidden: true, data: dataOf(file, item.id) })),
    ...parts.map((tile, n) => ({ ...tile, isHidden: true, data: tileData[n] })),
  ].map((item, n) => ({ ...item, id: n + 1 }));
  const [first, second] = [MAP + 1, MAP + 1 + described.length]; // ids: of metadata, of tiles
  const idsFrom = (start, count) => Array.from({ length: count }, (_, n) => start + n);
  const texts = numbered.filter(({ id }) => id === TMAP || (id >= first && id < second) || (isGrid && id === BASE));
  return heifFile({
    brands: [...file.brands, "tmap"],
    items: numbered,
    references: [
      ...idsFrom(first, described.length).map((source) => ({ kind: "cdsc", source, targets: [BASE] })),
      { kind: "dimg", source: TMAP, targets: [BASE, MAP] },
      ...(isGrid ? [{ kind: "dimg", source: BASE, targets: idsFrom(second, parts.length) }] : []),
    ],
    groups: [{ kind: "altr", id: numbered.length + 1, entities: [TMAP, BASE] }],
    laidOut: [...texts, numbered[MAP - 1], ...numbered.filter((item) => !texts.includes(item) && item.id !== MAP)],
  });
}

/** The base's size, and the colour of the HDR rendition: the base's primaries, by PQ. */
function tmapProperties(base) {
  const color = Uint8Array.from(colorBodyOf(base, "nclx") ?? [0, 2, 0, 2, 0, 2, 0]);
  color.set([0, PQ], 2);
  color[6] = 0x80;
  return [
    { kind: "ispe", body: propertiesOf(base.item, "ispe")[0] }, colorBox(color),
    { kind: "pixi", body: [0, 0, 0, 0, 3, 10, 10, 10] },
  ];
}

function mapProperties({ record, width, height }) {
  return [
    { kind: "ispe", body: joined([u32(0), u32(width), u32(height)]) }, { kind: "pixi", body: [0, 0, 0, 0, 3, 8, 8, 8] },
    { kind: "av1C", body: record, isEssential: true }, colorBox(DATA_COLOR),
  ];
}

const colorBox = (numbers) => ({ kind: "colr", body: joined([text("nclx"), numbers]) });

/** The map's code values as a coded item. One channel is coded as the luma of 4:2:0, for browsers code no 4:0:0. */
async function codedAsAv1({ data, width, height }, channels, quality = QUALITY[channels]) {
  const isGrey = channels === 1;
  const config = { codec: `av01.${isGrey ? 0 : 1}.19M.08`, width, height, bitrateMode: "quantizer", latencyMode: "quality" };
  const support = await globalThis.VideoEncoder?.isConfigSupported(config);
  if (!support?.supported) throw new Error("the browser does not code AV1 (WebCodecs)");
  const coded = await new Promise((resolve, reject) => {
    const fail = () => reject(new Error("the browser could not code the gain map"));
    const encoder = new VideoEncoder({ output: resolve, error: fail });
    encoder.configure(config);
    const colorSpace = { primaries: "bt709", transfer: "bt709", matrix: "smpte170m", fullRange: true };
    const layout = { format: isGrey ? "I420" : "I444", codedWidth: width, codedHeight: height, timestamp: 0, colorSpace };
    const frame = new VideoFrame(isGrey ? lumaAlone(data, width, height) : lumaAndChroma(data), layout);
    encoder.encode(frame, { keyFrame: true, av1: { quantizer: Math.round((1 - quality) * MOST_QUANTIZER) } });
    frame.close();
    encoder.flush().then(() => encoder.close()).catch(fail);
  });
  const bytes = new Uint8Array(coded.byteLength);
  coded.copyTo(bytes);
  return { ...itemOf(bytes, isGrey), width, height };
}

/** The red of RGBA as luma, and grey chroma of half the size. */
function lumaAlone(data, width, height) {
  const count = width * height;
  const planes = new Uint8Array(count + 2 * Math.ceil(width / 2) * Math.ceil(height / 2)).fill(128);
  for (let n = 0; n < count; n++) planes[n] = data[n * 4];
  return planes;
}

/** RGBA by BT.601's matrix, full range. */
function lumaAndChroma(data) {
  const count = data.length / 4;
  const planes = new Uint8ClampedArray(count * 3);
  for (let n = 0; n < count; n++) {
    const [r, g, b] = data.subarray(n * 4, n * 4 + 3);
    const y = 0.299 * r + 0.587 * g + 0.114 * b;
    planes[n] = y;
    planes[count + n] = 128 + (b - y) / 1.772;
    planes[2 * count + n] = 128 + (r - y) / 1.402;
  }
  return planes;
}

/** A coded frame as an item holds it, and its av1C, by what its sequence header says. */
export function itemOf(bytes, isGrey) {
  const units = unitsOf(bytes);
  const header = units.find(({ kind }) => kind === SEQUENCE_HEADER)?.content;
  if (!header || header[0] & 0x0c) throw new Error("the browser's AV1 encoder writes a header of another form"); // reduced, or with times
  const level = header[3] >> 3;
  const tier = level > 7 ? (header[3] >> 2) & 1 : 0;
  const record = Uint8Array.from([0x81, (header[0] & 0xe0) | level, (tier << 7) | (isGrey ? 0x0c : 0), 0]);
  return { record, data: joined(units.filter(({ kind }) => kind !== TEMPORAL_DELIMITER).map(({ unit }) => unit)) };
}

/** Open bitstream units: {kind, unit, content}. */
function unitsOf(bytes) {
  const units = [];
  for (let start = 0; start < bytes.length; ) {
    let at = start + (bytes[start] & 4 ? 2 : 1);
    let size = 0;
    if (bytes[start] & 2) {
      for (let shift = 0; ; shift += 7) {
        size += (bytes[at] & 127) * 2 ** shift;
        if (bytes[at++] < 128 || shift > 28) break;
      }
    } else size = bytes.length - at;
    units.push({ kind: (bytes[start] >> 3) & 15, unit: bytes.subarray(start, at + size), content: bytes.subarray(at, at + size) });
    start = at + size;
  }
  return units;
}
