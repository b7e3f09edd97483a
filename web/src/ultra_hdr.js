// A JPEG with a standard gain map, as gainmap_codec's Python writes it: the base's segments and coded data stay.
// Source: Ultra HDR image format v1.1; ISO 21496-1:2025 C.2.2 and its annex for JPEG; CIPA DC-007 (MPF).

import {
  APP0, APP1, APP14, APP2, EXIF_ID, ICC_ID, ISO_ID, MPF_ID, XMP_ID, bodyOf, frameOf, isMetadata, isOf, joined, xmpOf,
} from "../../src/gainmap_codec/view/static/jpeg_segments.js";
import { serializeIso21496 } from "../../src/gainmap_codec/view/static/iso21496.js";
import { isPayload } from "../../src/gainmap_codec/view/static/payload.js";

const MOST_PACKET_BYTES = 65_502;
const HDRGM = 'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"';
const CONTAINER = 'xmlns:Container="http://ns.google.com/photos/1.0/container/"';
const ITEM = 'xmlns:Item="http://ns.google.com/photos/1.0/container/item/"';
const JFIF = [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]; // version 1.01, square pixels, no thumbnail

/**
 * The file of a base and its gain map; what lies behind the base in its own file, and its neural payload, is left out.
 * @param base,map As `parseJpeg` gives them: the map's own metadata are left out.
 * @param {{baseHeadroom: number, alternateHeadroom: number, channels: object[]}} metadata Headrooms log2; of each of 1 or
 *   3 channels `min`, `max` (log2), `gamma`, `baseOffset` and `alternateOffset`. The maths happen in the base's primaries.
 * @returns {Uint8Array}
 */
export function ultraHdrJpeg(base, map, metadata) {
  const iso = serializeIso21496(metadata);
  const gainMap = joined([
    [0xff, 0xd8], leading(map), segment(APP1, letters(XMP_ID), letters(mapPacket(metadata))),
    segment(APP2, letters(ISO_ID), iso), ...coded(map),
  ]);
  const [leader, exif, icc] = [leading(base), only(base, APP1, EXIF_ID), only(base, APP2, ICC_ID)];
  const xmp = segment(APP1, letters(XMP_ID), primaryPacket(xmpOf(base), gainMap.length));
  const kept = base.header.filter((each) => isMetadata(each) && !isRewritten(base, each)).map((each) => raw(base, each));
  const [header, scans] = coded(base);
  const head = joined([[0xff, 0xd8], leader, exif, xmp, icc, segment(APP2, letters(ISO_ID), iso.subarray(0, 4)), ...kept, header]);
  return joined([head, mpf(head.length, scans.length, gainMap.length), scans, gainMap]);
}

/** Segments that this writes itself, in a place of its own. */
function isRewritten(image, each) {
  const own = [[APP0, ""], [APP1, EXIF_ID], [APP1, XMP_ID], [APP2, ICC_ID], [APP2, ISO_ID], [APP2, MPF_ID]];
  return own.some(([marker, id]) => isOf(image, each, marker, id)) || isPayload(image, each);
}

/** What decoders need: the segments in front of the first scan, and all from there to EOI, which is added where it lacks. */
function coded(image) {
  const { bytes, header, scan, end, isWhole } = image;
  const scans = bytes.subarray(scan, end);
  return [joined(header.filter((each) => !isMetadata(each)).map((each) => raw(image, each))), isWhole ? scans : joined([scans, [0xff, 0xd9]])];
}

const raw = ({ bytes }, { start, stop }) => bytes.subarray(start, stop);
const only = (image, marker, id) =>
  joined(image.header.filter((each) => isOf(image, each, marker, id)).map((each) => raw(image, each)));

/** APP0 as found, or a JFIF header where that changes nothing about the colours. */
function leading(image) {
  const found = only(image, APP0, "");
  const frame = frameOf(image);
  const isRgb = frame && [6, 9, 12].map((at) => String.fromCharCode(bodyOf(image, frame)[at])).join("") === "RGB";
  const isAdobe = image.header.some(({ marker }) => marker === APP14);
  return found.length || isAdobe || isRgb ? found : segment(APP0, JFIF);
}

function segment(marker, ...bodies) {
  const body = joined(bodies);
  return joined([[0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 255], body]);
}

const letters = (text) => new TextEncoder().encode(text);

/** The index of two pictures; it stands right in front of the scans, and offsets count from its byte-order mark. */
function mpf(headBytes, scanBytes, mapBytes) {
  const view = new DataView(new ArrayBuffer(82));
  const primaryBytes = headBytes + 4 + MPF_ID.length + view.byteLength + scanBytes;
  view.setUint32(0, 0x4d4d002a);
  view.setUint32(4, 8);
  view.setUint16(8, 3);
  const tags = [[0xb000, 7, 4, 0x30313030], [0xb001, 4, 1, 2], [0xb002, 7, 32, 50]];
  tags.forEach(([tag, kind, count, value], n) => {
    view.setUint16(10 + 12 * n, tag);
    view.setUint16(12 + 12 * n, kind);
    view.setUint32(14 + 12 * n, count);
    view.setUint32(18 + 12 * n, value);
  });
  const entries = [[0x030000, primaryBytes, 0], [0, mapBytes, primaryBytes - (headBytes + 4 + MPF_ID.length)]];
  entries.forEach((entry, n) => entry.forEach((value, field) => view.setUint32(50 + 16 * n + 4 * field, value)));
  return segment(APP2, letters(MPF_ID), new Uint8Array(view.buffer));
}

/** The base's packet with the directory of both pictures in front of what it says; that one alone where it cannot be. */
function primaryPacket(packet, mapBytes) {
  const item = (semantic, more) =>
    `<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="${semantic}" Item:Mime="image/jpeg"${more}/></rdf:li>`;
  const items = item("Primary", "") + item("GainMap", ` Item:Length="${mapBytes}"`);
  const description = `<rdf:Description ${HDRGM} ${CONTAINER} ${ITEM} rdf:about="" hdrgm:Version="1.0">`
    + `<Container:Directory><rdf:Seq>${items}</rdf:Seq></Container:Directory></rdf:Description>`;
  const opening = packet.includes("/container/") ? null : packet.match(/<rdf:RDF\b[^>]*[^/]>/);
  const at = opening && opening.index + opening[0].length;
  const merged = letters(opening ? packet.slice(0, at) + description + packet.slice(at) : packetOf(description));
  return merged.length <= MOST_PACKET_BYTES ? merged : letters(packetOf(description));
}

const packetOf = (description) =>
  `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">${description}</rdf:RDF></x:xmpmeta>`;

/** The numbers of hdrgm: attributes where one value is enough, else lists. */
function mapPacket({ baseHeadroom, alternateHeadroom, channels }) {
  const column = (name) => channels.map((channel) => channel[name]);
  const values = {
    GainMapMin: column("min"),
    GainMapMax: column("max"),
    Gamma: column("gamma"),
    OffsetSDR: column("baseOffset"),
    OffsetHDR: column("alternateOffset"),
    HDRCapacityMin: [baseHeadroom],
    HDRCapacityMax: [alternateHeadroom],
  };
  const entries = Object.entries(values).map(([name, numbers]) => [name, numbers.map(decimal)]);
  const isOne = ([, texts]) => new Set(texts).size === 1;
  const attributes = entries.filter(isOne).map(([name, [text]]) => ` hdrgm:${name}="${text}"`).join("");
  const lists = entries.filter((entry) => !isOne(entry))
    .map(([name, texts]) => `<hdrgm:${name}><rdf:Seq>${texts.map((text) => `<rdf:li>${text}</rdf:li>`).join("")}</rdf:Seq></hdrgm:${name}>`);
  const start = `<rdf:Description ${HDRGM} rdf:about="" hdrgm:Version="1.0"${attributes} hdrgm:BaseRenditionIsHDR="False"`;
  return packetOf(lists.length ? `${start}>${lists.join("")}</rdf:Description>` : `${start}/>`);
}

/** Without exponent, which some readers do not know. */
const decimal = (number) =>
  number.toLocaleString("en", { useGrouping: false, minimumFractionDigits: 1, maximumFractionDigits: 20 });
