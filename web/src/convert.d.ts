import type { Answer, Options } from "./gainmap-nn.js";

/** As `makeUltraHdr`, on the very thread that calls, one file after the other: for a worker or a service worker of one's own. */
export function convert(bytes: ArrayBuffer | ArrayBufferView, options?: Options): Promise<Answer>;
