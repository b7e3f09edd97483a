// The coded picture of a neural gain map: an AV1 frame, for which the browser's decoder needs a file around it.

import { heifFile, text, u16, u32 } from "./heif_writing.js";
import { joined } from "./jpeg_segments.js";

const LEVEL = 31; // of AV1: whatever it takes
const UNSPECIFIED = 2; // code points
const BT601 = 6;

/**
 * A network whose picture, where it has one, has its values: what it adds to the residual, RGBA of each cell.
 * @param decode Code values of a picture file (Blob) as ImageData, without colour conversion.
 */
export async function withPictureValues(network, decode) {
  const { picture, outputs } = network;
  if (!picture) return network;
  const { data, width, height } = await decode(new Blob([avifOf(picture, outputs)], { type: "image/avif" }));
  if (width !== picture.columns || height !== picture.rows) throw new Error("neural payload: a picture of another size");
  const step = Math.fround(2 ** (picture.step / 4));
  return { ...network, picture: { ...picture, values: Float32Array.from(data, (code) => (code - picture.zero) * step) } };
}

/** An AVIF file that holds a frame of 1 or 3 channels. */
export function avifOf({ tools, frame, rows, columns }, channels) {
  const header = sequenceHeader(tools, columns, rows, channels);
  const properties = [
    { kind: "ispe", body: joined([u32(0), u32(columns), u32(rows)]) },
    { kind: "pixi", body: joined([u32(0), [channels], Array(channels).fill(8)]) },
    { kind: "av1C", body: [0x81, (channels === 3 ? 32 : 0) | LEVEL, channels === 3 ? 0 : 0x1c, 0], isEssential: true },
    { kind: "colr", body: joined([text("nclx"), u16(UNSPECIFIED), u16(UNSPECIFIED), u16(BT601), [0x80]]) },
  ];
  const data = joined([[(1 << 3) | 2, header.length], header, [6 << 3], frame]);
  return heifFile({ brands: ["avif", "avif", "mif1", "miaf"], items: [{ id: 1, kind: "av01", properties, data }], references: [] });
}

/** That of a still picture in its reduced form. Source: AV1 bitstream specification 5.5. */
function sequenceHeader(tools, width, height, channels) {
  const bits = [];
  const put = (value, count) => { for (let n = count - 1; n >= 0; n--) bits.push((value >> n) & 1); };
  const sizeBits = (size) => Math.max(32 - Math.clz32(size - 1), 1);
  const sides = [width, height].map(sizeBits);
  put(channels === 3 ? 1 : 0, 3);
  put(3, 2);
  put(LEVEL, 5);
  for (const side of sides) put(side - 1, 4);
  put(width - 1, sides[0]);
  put(height - 1, sides[1]);
  put(tools >> 1, 6);
  put(0, 1); // 8 bits
  if (channels === 1) put(0b101, 3);
  else {
    put(1, 1);
    for (const point of [UNSPECIFIED, UNSPECIFIED, BT601]) put(point, 8);
    put(1, 1);
    put(tools & 1, 1);
  }
  put(0b01, 2);
  while (bits.length % 8) bits.push(0);
  return Array.from({ length: bits.length / 8 }, (_, n) => parseInt(bits.slice(8 * n, 8 * n + 8).join(""), 2));
}
