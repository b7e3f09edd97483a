// Where a picture lies in a frame of the stage. A view is {x, y, zoom}: the part of the picture that is in the middle, 0…1
// each, and how much larger than the whole picture in the frame. Frames are {left, top, width, height} in pixels of the canvas.

const MOST_PIXELS = 32; // of the canvas, along a side of one of the picture

export const WHOLE = { x: 0.5, y: 0.5, zoom: 1 };

const fit = (picture, frame) => Math.min(frame.width / picture.width, frame.height / picture.height);

/** Pixels of the canvas along a side of one of the picture; 1 is 1 to the last digit. */
export function scaleOf(view, picture, frame) {
  const scale = fit(picture, frame) * view.zoom;
  return Math.abs(scale - 1) < 1e-6 ? 1 : scale;
}

/** The view in which a pixel of the picture is a pixel of the canvas. */
export const actualSize = (view, picture, frame) => bounded({ ...view, zoom: 1 / fit(picture, frame) }, picture, frame);

/**
 * Where in the picture the canvas begins, and the step from one of its pixels to the next: x, y, step. Where that is 1, x and y
 * are whole: each pixel is shown once.
 */
export function windowOf(view, picture, frame) {
  const step = 1 / scaleOf(view, picture, frame);
  const corner = [
    view.x * picture.width - (frame.left + frame.width / 2) * step,
    view.y * picture.height - (frame.top + frame.height / 2) * step,
  ];
  return [...(step === 1 ? corner.map(Math.round) : corner), step];
}

/** The pixel of the picture under a point of the canvas, or null beside the picture. */
export function pixelAt(view, picture, frame, point) {
  const [left, top, step] = windowOf(view, picture, frame);
  const [x, y] = [Math.floor(left + point.x * step), Math.floor(top + point.y * step)];
  return x >= 0 && y >= 0 && x < picture.width && y < picture.height ? { x, y } : null;
}

/** The view nearest to this one that shows no more emptiness than it must. */
export function bounded(view, picture, frame) {
  const whole = fit(picture, frame);
  const zoom = Math.min(Math.max(view.zoom, Math.min(1, 1 / whole)), Math.max(1, MOST_PIXELS / whole));
  const middle = (place, length, across) => {
    const half = across / (2 * whole * zoom * length);
    return half >= 0.5 ? 0.5 : Math.min(Math.max(place, half), 1 - half);
  };
  return {
    x: middle(view.x, picture.width, frame.width),
    y: middle(view.y, picture.height, frame.height),
    zoom,
  };
}

/** Larger by a factor, where the point of the canvas keeps its place in the picture. */
export function zoomed(view, picture, frame, point, factor) {
  const { zoom } = bounded({ ...view, zoom: view.zoom * factor }, picture, frame);
  const shift = 1 / scaleOf(view, picture, frame) - 1 / scaleOf({ zoom }, picture, frame);
  const x = view.x + ((point.x - frame.left - frame.width / 2) * shift) / picture.width;
  const y = view.y + ((point.y - frame.top - frame.height / 2) * shift) / picture.height;
  return bounded({ x, y, zoom }, picture, frame);
}

/** Moved with a hand that goes so many pixels of the canvas. */
export function panned(view, picture, frame, across, down) {
  const scale = scaleOf(view, picture, frame);
  const [x, y] = [view.x - across / (scale * picture.width), view.y - down / (scale * picture.height)];
  return bounded({ ...view, x, y }, picture, frame);
}

/** Samples of the picture along each side of a pixel of the canvas: as many as it covers, and enough for even edges. */
export function samplesOf(scale) {
  return scale === 1 || scale >= 4 ? 1 : Math.min(Math.max(2, Math.ceil(1 / scale)), 6);
}
