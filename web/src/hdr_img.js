// <hdr-img>: README.md. The picture is an ordinary <img> inside the element; once it has loaded, its file is exchanged for
// an Ultra HDR one of the same picture.

import { hdrScreen, showsGainMaps, showsHdr } from "./support.js";
import { makeUltraHdr, prepare } from "./index.js";
import { inTurn } from "./turns.js";

// In the order in which they are given to a new <img>: it loads as soon as it knows its file.
const ATTRIBUTES = [
  "alt", "width", "height", "loading", "decoding", "fetchpriority", "crossorigin", "referrerpolicy", "sizes", "srcset", "src",
];

const NOT_LOADED = "the browser could not load the picture";
const REFUSED = "the browser refused the Ultra HDR file (Content-Security-Policy without img-src blob:?)";

export class HdrImg extends (globalThis.HTMLElement ?? Object) {
  static observedAttributes = ATTRIBUTES;
  #work = null; // on the file that the <img> shows, or did show before it was exchanged
  #reason = null;
  #stop = new AbortController(); // of what is done while the element is on a page
  #watcher = new MutationObserver(() => this.#lookInside());

  constructor() {
    super();
    for (const kind of ["load", "error"]) this.addEventListener(kind, this, { capture: true }); // they do not bubble
  }

  get image() {
    return this.querySelector("img");
  }

  get isHdr() {
    return Boolean(this.#work?.isShown);
  }

  get reason() {
    return this.#reason;
  }

  connectedCallback() {
    this.#stop = new AbortController();
    hdrScreen.addEventListener("change", this, { signal: this.#stop.signal });
    this.#watcher.observe(this, { childList: true, subtree: true });
    this.#addImage();
    this.#lookInside();
    if (showsHdr()) nearViewport(this, this.#stop.signal).then(prepare, () => {});
  }

  disconnectedCallback() {
    this.#stop.abort();
    this.#watcher.disconnect();
    queueMicrotask(() => this.isConnected || this.#end()); // moved elements are put back at once
  }

  attributeChangedCallback(name, _, value) {
    if (this.image) copy(this.image, name, value);
    else if (this.isConnected) this.#addImage();
  }

  /** The <img> of an element that has none inside and names its file itself. */
  #addImage() {
    if (this.image || !(this.hasAttribute("src") || this.hasAttribute("srcset"))) return;
    const image = this.ownerDocument.createElement("img");
    for (const name of ATTRIBUTES) copy(image, name, this.getAttribute(name));
    this.append(image);
  }

  /** After a change of what is inside: a picture that is gone is let go, and one that has loaded already is taken up. */
  #lookInside() {
    const { image } = this;
    if (this.#work && this.#work.image !== image) this.#end();
    if (!image?.complete || !image.currentSrc) return;
    if (image.naturalWidth) this.#look();
    else if (!this.#work) this.#settle(NOT_LOADED);
  }

  handleEvent(event) {
    if (event.type === "change") this.#look({ isAgain: true });
    else if (event.target !== this.image) return;
    else if (this.#work?.url && this.image.currentSrc === this.#work.url) this.#exchanged(event);
    else this.#loaded(event.type);
  }

  /** The <img> has loaded a file of the page, or failed to. */
  #loaded(kind) {
    if (kind === "load") this.#look();
    else this.#end();
    this.dispatchEvent(new Event(kind));
    if (kind === "error") this.#settle(NOT_LOADED);
  }

  /** The <img> has loaded our file: for the page it is the same picture, of which it has heard already. */
  #exchanged(event) {
    event.stopImmediatePropagation();
    if (event.type === "load") {
      if (!this.#work.isShown) this.#settle(null);
      return;
    }
    this.#work.end();
    this.#settle(REFUSED);
  }

  /** Converts the file that is shown, if that is not done or under way. */
  async #look({ isAgain = false } = {}) {
    const source = this.image?.currentSrc;
    if (!source || source === this.#work?.url || (isAgain && this.#work?.url)) return;
    if (this.#work?.source === source && !isAgain) return this.#work.show();
    this.#end();
    const work = (this.#work = new Work(this.image, source));
    try {
      await work.run();
    } catch (error) {
      if (work === this.#work) this.#settle(error.message);
    }
  }

  #settle(reason) {
    this.#reason = reason;
    if (this.#work) this.#work.isShown = !reason;
    this.dispatchEvent(new Event("settle"));
  }

  #end() {
    this.#work?.end();
    this.#work = null;
    this.#reason = null;
  }
}

/** One file of an <img>, on its way to HDR. */
class Work {
  url = null; // of the Ultra HDR file
  isShown = false;
  #written = null; // the address of the file as the page wrote it
  #stop = new AbortController();

  constructor(image, source) {
    this.image = image;
    this.source = source;
  }

  /** @throws Why the picture stays as it is. */
  async run() {
    const { image, source } = this;
    const { signal } = this.#stop;
    if (!showsGainMaps()) throw new Error("this browser shows no gain maps");
    if (!hdrScreen.matches) throw new Error("this screen shows no HDR");
    if (isForeign(source) && image.crossOrigin === null) throw new Error("it is another site's, and has no crossorigin");
    await nearViewport(image, signal);
    const file = await inTurn(async () => ultraHdr(await fileOf(image, source, signal), signal));
    const url = URL.createObjectURL(file);
    try {
      await decoded(url);
      signal.throwIfAborted();
      this.url = url;
      this.show();
    } catch (error) {
      URL.revokeObjectURL(url);
      throw error;
    }
  }

  /** Puts our file where the page put its own; the candidates of other sizes and media stay. */
  show() {
    if (this.url) this.#written = exchange(this.image, this.source, this.url) ?? this.#written;
  }

  /** Puts the page's file back where ours still is. */
  end() {
    this.#stop.abort();
    if (!this.url) return;
    exchange(this.image, this.url, this.#written);
    URL.revokeObjectURL(this.url);
    this.url = null;
  }
}

function copy(image, name, value) {
  if (value === null) image.removeAttribute(name);
  else image.setAttribute(name, value);
}

function isForeign(address) {
  const { protocol, origin } = new URL(address);
  return protocol !== "data:" && origin !== location.origin;
}

/** Until the picture is at most one window's height or width away from being seen. */
function nearViewport(image, signal) {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const watcher = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watcher.disconnect();
      resolve();
    }, { rootMargin: "100%" });
    watcher.observe(image);
    signal.addEventListener("abort", () => {
      watcher.disconnect();
      reject(signal.reason);
    });
  });
}

/**
 * The file that an <img> has loaded, out of the browser's cache. Of the page's own site nothing is ever downloaded again;
 * for other sites browsers have no such mode, and what they forbid to store is.
 */
async function fileOf(image, source, signal) {
  const ways = isForeign(source)
    ? { cache: "force-cache", credentials: image.crossOrigin === "use-credentials" ? "include" : "same-origin" }
    : { cache: "only-if-cached", mode: "same-origin" };
  const response = await fetch(source, { ...ways, referrerPolicy: image.referrerPolicy, signal }).catch(() => {
    signal.throwIfAborted();
    throw new Error("the browser did not keep the file (Cache-Control: no-store?), and it is not downloaded again");
  });
  if (!response.ok) throw new Error(`expected the file, got status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function ultraHdr(bytes, signal) {
  const { bytes: made, reason } = await makeUltraHdr(bytes, { signal });
  if (reason) throw new Error(reason);
  return new Blob([made], { type: made[0] === 0xff ? "image/jpeg" : "image/avif" });
}

/** That the browser can show a file, and may: a site's policy can forbid blob:. It has it decoded then, and shows it at once. */
async function decoded(url) {
  const probe = new Image();
  probe.src = url;
  await probe.decode().catch(() => {
    throw new Error(REFUSED);
  });
}

/**
 * Replaces a file's address wherever an <img>, or a <picture> around it, names it.
 * @returns {?string} The address as it was written; null where it was nowhere.
 */
function exchange(image, old, url) {
  let written = null;
  const changed = (text) => {
    if (URL.parse(text, image.baseURI)?.href !== old) return text;
    written = text;
    return url;
  };
  for (const owner of [image, ...(image.closest("picture")?.querySelectorAll("source") ?? [])]) {
    change(owner, "srcset", (text) => text.replace(/\S*[^\s,]/g, changed));
    change(owner, "src", (text) => changed(text.trim()));
  }
  return written;
}

function change(owner, name, how) {
  const text = owner.getAttribute(name);
  const made = text && how(text);
  if (made !== text) owner.setAttribute(name, made);
}

globalThis.customElements?.define("hdr-img", HdrImg);
