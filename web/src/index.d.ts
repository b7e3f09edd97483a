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
  /** The Ultra HDR file; where none could be made, the very bytes that were given. */
  bytes: Uint8Array;
  /** Why the bytes are as they were, for a log; null where a file was made. */
  reason: string | null;
}

/**
 * The same picture as an Ultra HDR / ISO 21496-1 JPEG, which browsers show in HDR in an ordinary `<img>`.
 *
 * @param bytes A JPEG with a neural gain map, as gainmap_codec writes them. They are read, never changed.
 * @returns The new file. A picture that cannot be made one (it has a standard gain map already, none of ours, a damaged
 *   one, or that of another picture) comes back as it is: it is shown as the browser shows it anyway.
 * @throws Only what `signal` says.
 */
export function toUltraHdr(bytes: Uint8Array, options?: Options): Promise<Uint8Array>;

/** As `toUltraHdr`, and why a picture came back as it was. */
export function makeUltraHdr(bytes: Uint8Array, options?: Options): Promise<Answer>;

/**
 * Whether an Ultra HDR file is worth making: this browser shows gain maps, and its window is on an HDR screen. The first
 * cannot be asked; browsers that know the CSS property `dynamic-range-limit` do (Chromium 136, Safari 26).
 */
export function showsHdr(): boolean;
