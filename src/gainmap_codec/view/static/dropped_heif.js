// A HEIC or AVIF file of the visitor's own: the facts and pictures of a photo, as photo.js has them.

import { colorOfProfile } from "./base_color.js";
import { codePointsOf, colorOfCodePoints, isHdr, tellsPrimaries } from "./code_points.js";
import { parseExif } from "./exif.js";
import { HDR_BASE, described, usableColor } from "./file_facts.js";
import { dataOf, parseHeif, sourcesOf } from "./heif_items.js";
import { baseOf, colorBodyOf, isOnItsSide, mapOf, payloadItemOf, standAlone, transformsOf } from "./heif_pictures.js";

const PROFILES = ["prof", "rICC"];
const NO_COLOR = { primaries: 2, transfer: 2 };

/**
 * The facts and pictures of a file.
 * @param {string} kind Of the file, for people.
 * @throws {SizeError} Its picture is too large.
 * @throws {Error} Why it cannot be read here.
 */
export function partsOfHeif(bytes, kind) {
  const file = parseHeif(bytes);
  const base = baseOf(file);
  if (!colorBodyOf(base, "nclx", ...PROFILES)) throw new Error("its colours stand in its coded data alone");
  if (isHdr(codePointsIn(base))) throw new Error(HDR_BASE);
  const notes = [];
  const standard = standardOf(file, base, notes);
  const payloadItem = payloadItemOf(file, base);
  const payload = payloadItem ? dataOf(file, payloadItem.id) : null;
  const transforms = transformsOf(base);
  const size = isOnItsSide(transforms) ? { width: base.height, height: base.width } : { width: base.width, height: base.height };
  const sums = { whole: bytes.length, base: bytesOf(base), standard: standard?.bytes ?? 0, neural: payload?.length ?? 0 };
  return {
    facts: { ...size, notes, prefer: payload ? "neural" : "standard", ...described(kind, size, standard, sums) },
    parts: {
      picture: blobOf(base, standAlone(file, base, transforms)),
      color: usableColor(() => colorOf(base), notes),
      standard,
      neural: payload && { payload, coordinates: null },
    },
  };
}

/** The standard gain map that can be used: its picture, metadata as `Renderer.standardMap` takes them, and caption. */
function standardOf(file, base, notes) {
  const found = mapOf(file, base, makerNoteOf(file, base), notes);
  if (!found) return null;
  const { picture, bytes, metadata, carrier, alternate } = found;
  if (metadata.baseHeadroom > metadata.alternateHeadroom) throw new Error(HDR_BASE);
  const isOwn = metadata.usesBaseColors === false && alternate && (profileOf(alternate) || tellsPrimaries(codePointsIn(alternate)));
  const maths = isOwn ? { mathsToBt2020: usableColor(() => colorOf(alternate), notes).toBt2020 } : {};
  const { width, height } = picture;
  return { width, height, bytes: bytesOf(picture), carrier, metadata: { ...metadata, ...maths }, picture: blobOf(picture, bytes) };
}

const blobOf = ({ tiles }, bytes) => new Blob([bytes], { type: tiles[0].kind === "av01" ? "image/avif" : "image/heic" });

/** Bytes of its coded data. */
const bytesOf = ({ tiles }) => tiles.flatMap(({ extents }) => extents ?? []).reduce((sum, [start, stop]) => sum + stop - start, 0);

const profileOf = (picture) => colorBodyOf(picture, ...PROFILES);

function codePointsIn(picture) {
  const body = profileOf(picture) ? null : colorBodyOf(picture, "nclx");
  return body ? codePointsOf(body) : NO_COLOR;
}

/** A profile wins over code points, which beside one tell the coding alone. Source: ISO/IEC 23000-22 (MIAF). */
function colorOf(picture) {
  const profile = profileOf(picture);
  return profile ? colorOfProfile(profile) : colorOfCodePoints(codePointsIn(picture));
}

/** Of the base's EXIF, in front of which stands how many bytes come before it. Source: ISO/IEC 23008-12 annex A.2.1. */
function makerNoteOf(file, base) {
  const exif = sourcesOf(file, "cdsc", base.item.id).find(({ kind, extents }) => kind === "Exif" && extents?.length);
  const data = exif ? dataOf(file, exif.id) : [];
  return data.length > 4 ? parseExif(data.subarray(4 + new DataView(data.buffer).getUint32(0))).makerNote : null;
}
