// Picture files, as the browser decodes them.

const MOST_PIXELS = 2 ** 27; // 512 MB of code values

/** A picture has no size, or is too large to be decoded. */
export class SizeError extends Error {}

/** Width and height, once they are known to be such as can be decoded. */
export function checkedSize({ width, height }) {
  if (!width || !height || width * height > MOST_PIXELS) throw new SizeError(`expected 1 to ${MOST_PIXELS} pixels, got ${width} × ${height}`);
  return { width, height };
}

/**
 * The code values of a picture file as the browser decodes them.
 * @param {Blob} blob
 * @param {number} longest The longest side that can be used: a larger picture is made smaller.
 * @param {?string} colorSpace What the browser shall convert it to, "srgb" or "display-p3"; null leaves the file's own values.
 * @param {string} imageOrientation "from-image": upright; "none": as it is stored.
 * @returns {Promise<ImageData>}
 */
export async function decodePicture(blob, longest = Infinity, colorSpace = null, imageOrientation = "from-image") {
  const colorSpaceConversion = colorSpace ? "default" : "none";
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion, imageOrientation, premultiplyAlpha: "none" });
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
