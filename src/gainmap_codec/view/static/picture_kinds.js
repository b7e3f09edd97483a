// Kinds of picture files, told by their first bytes.

import { isHdr } from "./code_points.js";

const BRANDS = { avif: "AVIF", avis: "AVIF", heic: "HEIC", heix: "HEIC", hevc: "HEIC", hevx: "HEIC", mif1: "HEIF", msf1: "HEIF" };
const SIGNATURES = [
  ["\xff\xd8", "JPEG"],
  ["\xff\x0a", "JPEG XL"],
  ["\0\0\0\x0cJXL ", "JPEG XL"],
  ["II\xbc\x01", "JPEG XR"],
  ["v/1\x01", "OpenEXR"],
  ["#?", "Radiance HDR"],
  ["II*\0", "TIFF"],
  ["MM\0*", "TIFF"],
];
const PNG = "\x89PNG\r\n\x1a\n";
const MOST_CHUNKS = 64; // that are looked at

/** The kind of a file, of those that may hold more than SDR: its name; null for others. */
export function kindOf(bytes) {
  const text = String.fromCharCode(...bytes.subarray(0, 12));
  if (text.startsWith("ftyp", 4)) return BRANDS[text.slice(8)] ?? null;
  if (text.startsWith(PNG)) return isHdrPng(bytes) ? "PNG in PQ or HLG" : null;
  return SIGNATURES.find(([signature]) => text.startsWith(signature))?.[1] ?? null;
}

/** Whether the chunk cICP says so. Source: PNG specification, third edition, 11.3.2.6. */
function isHdrPng(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = PNG.length;
  for (let n = 0; n < MOST_CHUNKS && at + 12 <= bytes.length; n++) {
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (name === "cICP") return isHdr({ transfer: bytes[at + 9] });
    if (name === "IDAT") return false;
    at += 12 + view.getUint32(at);
  }
  return false;
}
