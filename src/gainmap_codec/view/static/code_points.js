// Colour by the numbers of ITU-T H.273, tables 2 and 3, as HEIC and AVIF files hold them.

import { TO_BT2020, srgbDecode } from "./color.js";

const UNSPECIFIED = 2;
const BT601_625 = [0.6550367767, 0.302160965, 0.0428022583, 0.0721405557, 0.9166311288, 0.0112283155, 0.0171133704, 0.0978534699, 0.8850331596];
const BT601_525 = [0.5952542064, 0.3493139197, 0.0554318739, 0.0812436618, 0.8915032956, 0.0272530426, 0.0155123412, 0.0819116421, 0.9025760166];
const PRIMARIES = {
  1: TO_BT2020.srgb, 2: TO_BT2020.srgb, 5: BT601_625, 6: BT601_525, 7: BT601_525, 9: TO_BT2020.bt2020, 12: TO_BT2020["display-p3"],
};
const HDR_TRANSFERS = [16, 18]; // PQ and HLG

/** The light of a signal, 0…1. */
const TRANSFERS = {
  2: srgbDecode,
  4: (signal) => signal ** 2.2,
  5: (signal) => signal ** 2.8,
  8: (signal) => signal,
  13: srgbDecode,
  ...Object.fromEntries([1, 6, 11, 12, 14, 15].map((number) => [number, bt709])),
};

/** @returns {{primaries: number, transfer: number}} Of a colour box's content behind its kind. */
export const codePointsOf = (body) => ({ primaries: body[0] * 256 + body[1], transfer: body[2] * 256 + body[3] });

/** Whether code values go beyond SDR white by themselves. */
export const isHdr = ({ transfer }) => HDR_TRANSFERS.includes(transfer);

export const tellsPrimaries = ({ primaries }) => primaries !== UNSPECIFIED;

/** @returns {{curves: Float32Array, toBt2020: number[]}} As `Renderer` takes them. */
export function colorOfCodePoints({ primaries, transfer }) {
  const light = TRANSFERS[transfer];
  if (!PRIMARIES[primaries] || !light) throw new Error(`its code points, ${primaries} and ${transfer}, are not known here`);
  const curves = Float32Array.from({ length: 768 }, (_, n) => light(Math.floor(n / 3) / 255));
  return { curves, toBt2020: PRIMARIES[primaries] };
}

/** The inverse of the camera's curve. Source: ITU-R BT.709-6 item 1.2. */
function bt709(signal) {
  return signal < 0.081 ? signal / 4.5 : ((signal + 0.099) / 1.099) ** (1 / 0.45);
}
