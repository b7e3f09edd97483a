// What a site imports: docs/browser.md.

import { TO_BT2020, srgbCurves } from "./color.js";
import { findTurn } from "./binding.js";
import { withPictureValues } from "./coded_picture.js";
import { openOutput } from "./hdr_output.js";
import { PayloadError, parsePayload, payloadOfJpeg, turnedCoordinates } from "./payload.js";
import { decodePicture } from "./picture_file.js";

export { PayloadError, decodePicture, parsePayload, payloadOfJpeg, withPictureValues };

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
