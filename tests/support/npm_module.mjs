// What the npm module's parts make of their inputs: a JSON list of jobs comes in, a list of answers goes out.

import { readFileSync } from "node:fs";

const [root] = process.argv.slice(2);
const page = `${root}/src/gainmap_codec/view/static`;
const { TO_BT2020, srgbCurves } = await import(`${page}/color.js`);
const { baseColorOf } = await import(`${page}/base_color.js`);
const { parseJpeg } = await import(`${page}/jpeg_segments.js`);
const { finished } = await import(`${page}/network.js`);
const { parsePayload } = await import(`${page}/payload.js`);
const { withPictureValues } = await import(`${page}/coded_picture.js`);
const { standardMap } = await import(`${root}/web/src/gain_map.js`);
const { ultraHdrJpeg } = await import(`${root}/web/src/ultra_hdr.js`);
const { avifSource, avifWithMap, itemOf } = await import(`${root}/web/src/ultra_hdr_avif.js`);
const { dataOf, parseHeif, propertiesOf } = await import(`${page}/heif_items.js`);
const { baseOf } = await import(`${page}/heif_pictures.js`);
const { serializeIso21496 } = await import(`${page}/iso21496.js`);

const bytesOf = (text) => new Uint8Array(Buffer.from(text, "base64"));
const textOf = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

const ANSWERS = {
  file: ({ base, map, metadata }) => textOf(ultraHdrJpeg(parseJpeg(bytesOf(base)), parseJpeg(bytesOf(map)), metadata)),
  avif: ({ base, map, metadata }) => {
    const [file, mapFile] = [base, map].map((text) => parseHeif(bytesOf(text)));
    const { item, width, height } = baseOf(mapFile);
    const coded = { data: dataOf(mapFile, item.id), record: propertiesOf(item, "av1C")[0], width, height };
    return textOf(avifWithMap(file, baseOf(file), coded, serializeIso21496(metadata)));
  },
  source: async ({ base }) => {
    const { hasMap, payload, coded, color } = avifSource(bytesOf(base));
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await new Blob(coded()).arrayBuffer()));
    return { hasMap, payload: payload && textOf(payload), digest: textOf(digest.subarray(0, 4)), toBt2020: color().toBt2020 };
  },
  item: ({ coded, isGrey }) => {
    const { record, data } = itemOf(bytesOf(coded), isGrey);
    return { record: textOf(record), data: textOf(data) };
  },
  color: ({ base }) => {
    const { curves, toBt2020 } = baseColorOf(parseJpeg(bytesOf(base)));
    return { curves: [...curves], toBt2020 };
  },
  map: async ({ payload, pixels, width, height, codes: picture }) => {
    const parsed = parsePayload(bytesOf(payload));
    const { rows, columns } = parsed.picture ?? {};
    const network = await withPictureValues(parsed, () => ({ data: bytesOf(picture), width: columns, height: rows }));
    const base = { data: new Uint8ClampedArray(bytesOf(pixels)), width, height };
    const { codes, metadata } = finished(standardMap(network, base, () => ({ curves: srgbCurves(), toBt2020: TO_BT2020.srgb })));
    return { codes: textOf(codes.data), width: codes.width, height: codes.height, metadata };
  },
};

const jobs = JSON.parse(readFileSync(0));
process.stdout.write(JSON.stringify(await Promise.all(jobs.map(({ kind, ...job }) => ANSWERS[kind](job)))));
