// What the page's modules find in JPEG files: a JSON list of files in base64 comes in, a list of answers goes out.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const [folder] = process.argv.slice(2);
const { gainMapOf, iccProfileOf, parseJpeg, picturesBehind, xmpOf } = await import(`${folder}/jpeg_segments.js`);
const { parseIso21496 } = await import(`${folder}/iso21496.js`);

const digest = (bytes) => bytes && createHash("sha256").update(bytes).digest("hex");

function answer(text) {
  const image = parseJpeg(new Uint8Array(Buffer.from(text, "base64")));
  if (!image) return null;
  const map = gainMapOf(image);
  return {
    header: image.header.map(({ marker, start, stop }) => [marker, start, stop]),
    scan: image.scan,
    end: image.end,
    isWhole: image.isWhole,
    icc: digest(iccProfileOf(image)),
    xmp: xmpOf(image),
    behind: picturesBehind(image).map(({ bytes, end }) => digest(bytes.subarray(0, end))),
    map: map && { picture: digest(map.picture.bytes.subarray(0, map.picture.end)), xmp: map.xmp, metadata: map.iso && parseIso21496(map.iso) },
  };
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0)).map(answer)));
