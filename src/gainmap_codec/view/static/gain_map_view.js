// What a site imports: docs/browser.md.

import { TO_BT2020, srgbCurves } from "./color.js";
import { findTurn } from "./binding.js";
import { withPictureValues } from "./coded_picture.js";
import { openOutput } from "./hdr_output.js";
import { PayloadError, parsePayload, payloadOfJpeg, turnedCoordinates } from "./payload.js";

export { PayloadError, parsePayload, payloadOfJpeg, withPictureValues };

/**
 * The code values of a picture file as the browser decodes them, upright.
 * @param {Blob} blob
 * @param {number} longest The longest side that can be used: a larger picture is made smaller.
 * @param {?string} colorSpace What the browser shall convert it to, "srgb" or "display-p3"; null leaves the file's own values.
 * @returns {Promise<ImageData>}
 */
export async function decodePicture(blob, longest = Infinity, colorSpace = null) {
  const colorSpaceConversion = colorSpace ? "default" : "none";
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion, premultiplyAlpha: "none" });
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const context = new OffscreenCanvas(width, height).getContext("2d", {
    willReadFrequently: true,
    colorSpace: colorSpace ?? "srgb",
  });
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return context.getImageData(0, 0, context.canvas.width, context.canvas.height);
}

/**
 * The network of a payload, turned as its base was; throws a `PayloadError` where the picture is another one.
 * A picture in it has no values yet: `withPictureValues(network, decodePicture)` decodes it.
 */
export function networkFor(payload, picture) {
  const network = parsePayload(payload);
  const turn = findTurn(picture, network.binding.soft);
  if (turn === null) throw new PayloadError("neural payload: it belongs to another picture");
  return { ...network, coordinates: turnedCoordinates(network.coordinates, turn) };
}

/**
 * A picture in HDR by its neural gain map, as a canvas for the page.
 * @param {Blob} base The picture that every browser shows.
 * @param {Uint8Array} payload Its neural payload: `payloadOfJpeg` finds it in a gain-map JPEG.
 * @param {"srgb"|"display-p3"} colorSpace Of the base.
 * @returns {Promise<{canvas, isHdr, headroom, show, close}>} `show({headroom, exposure})` draws; `isHdr` tells whether
 *   browser and screen show HDR; `close()` gives back what the graphics processor holds.
 * @throws {PayloadError}
 */
export async function openNeuralPicture(base, payload, colorSpace = "srgb") {
  const picture = await decodePicture(base);
  const network = await withPictureValues(networkFor(payload, picture), decodePicture);
  const color = { curves: srgbCurves(), toBt2020: TO_BT2020[colorSpace] };
  const { renderer, canvas, isHdr, show, close } = await openOutput(picture, color);
  const map = renderer.neuralMap(network);
  show(map, { headroom: map.headroom });
  return { canvas, isHdr, headroom: map.headroom, show: (options) => show(map, options), close };
}
