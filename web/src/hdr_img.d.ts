/**
 * `<hdr-img><img src="photo.jpg" alt="Lamps"></hdr-img>`: an ordinary picture, whose file is exchanged for an Ultra HDR one
 * where the browser and the screen show HDR. Importing the module defines the element.
 *
 * Without an `<img>` inside, the element makes one of its own attributes: `<hdr-img src="photo.jpg" alt="Lamps">`. It knows
 * `alt`, `width`, `height`, `loading`, `decoding`, `fetchpriority`, `crossorigin`, `referrerpolicy`, `sizes`, `srcset`, `src`.
 *
 * Events, none of which bubbles: `load` and `error` as of an `<img>`, for the page's own files; `settle` when the picture is
 * shown in HDR, or it is certain that it stays as it is.
 */
export class HdrImg extends HTMLElement {
  /** The picture; null where there is none yet. What it loads decides: change its attributes, or the element's. */
  readonly image: HTMLImageElement | null;
  /** Whether the Ultra HDR file is shown. */
  readonly isHdr: boolean;
  /** Why the picture stays as it is, for a log; null while that is open, and in HDR. */
  readonly reason: string | null;
}

declare global {
  interface HTMLElementTagNameMap {
    "hdr-img": HdrImg;
  }
}
