export interface Options {
  /**
   * Of the gain map that is written, 0…1, as canvases count it; 0.95 for a map of one channel, 1 for three. The base is
   * never coded again.
   */
  quality?: number;
  /** Ends the work early: the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
}

export interface Answer {
  /** The Ultra HDR file; where none could be made, the very bytes that were given: of a Uint8Array that itself. */
  bytes: Uint8Array;
  /** Why the bytes are as they were, for a log; null where a file was made. */
  reason: string | null;
}

/**
 * The same picture as an Ultra HDR / ISO 21496-1 JPEG, which browsers show in HDR in an ordinary `<img>`; an AVIF as an AVIF.
 *
 * @param bytes A JPEG or AVIF with a neural gain map, as gainmap_codec writes them. They are read, never changed. Of a Blob or a
 *   Response: `await it.arrayBuffer()`.
 * @returns The new file. A picture that cannot be made one (it has a standard gain map already, none of ours, a damaged
 *   one, or that of another picture) comes back as it is: it is shown as the browser shows it anyway.
 * @throws TypeError where `bytes` or an option is something else; otherwise only what `signal` says.
 */
export function toUltraHdr(bytes: ArrayBuffer | ArrayBufferView, options?: Options): Promise<Uint8Array>;

/** As `toUltraHdr`, and why a picture came back as it was. */
export function makeUltraHdr(bytes: ArrayBuffer | ArrayBufferView, options?: Options): Promise<Answer>;

/**
 * Starts the worker ahead of the first picture, so that it is loaded while that is. `<hdr-img>` does so by itself.
 */
export function prepare(): void;

/**
 * Whether an Ultra HDR file is worth making: this browser shows gain maps, and its window is on an HDR screen. The first
 * cannot be asked; browsers that know the CSS property `dynamic-range-limit` do (Chromium 136, Safari 26).
 */
export function showsHdr(): boolean;
