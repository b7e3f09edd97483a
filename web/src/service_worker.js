// A site's JPEGs with a neural gain map come out as Ultra HDR, whatever page asks for them: README.md.

import { convert } from "./convert.js";
import { joined, parseJpeg } from "../../src/gainmap_codec/view/static/jpeg_segments.js";
import { payloadOf } from "../../src/gainmap_codec/view/static/payload.js";

const CACHE = "gainmap-nn";
const MOST_CACHED_BYTES = 2 ** 27;
const MOST_HEAD_BYTES = 2 ** 23; // of what is in front of a picture's coded data
const MOST_MILLISECONDS = 3000; // that a picture is held back once its file is there

globalThis.addEventListener?.("fetch", (event) => {
  if (isPicture(event.request)) event.respondWith(answer(event));
});

/** Asked for as a whole picture of this site. */
function isPicture({ method, destination, url, headers }) {
  const isOwn = new URL(url).origin === location.origin;
  return isOwn && method === "GET" && destination === "image" && !headers.has("range");
}

async function answer(event) {
  const response = await fetch(event.request);
  if (response.status !== 200 || response.type !== "basic" || !isJpeg(response)) return response;
  const bytes = await fileWithPayload(response.clone()).catch(() => null); // the response itself tells what went wrong
  if (!bytes) return response;
  const made = ultraHdr(bytes).catch(() => null);
  event.waitUntil(made); // what comes too late is there the next time
  return (await Promise.race([made, late()])) ?? response;
}

const isJpeg = ({ headers }) => /^image\/jpe?g\b/i.test(headers.get("Content-Type"));
const late = () => new Promise((resolve) => setTimeout(resolve, MOST_MILLISECONDS, null));

/** The whole file; null, as soon as that is known, where it has no payload. */
async function fileWithPayload({ body }) {
  const reader = body.getReader();
  const chunks = [];
  let [size, isOurs] = [0, false];
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    chunks.push(read.value);
    size += read.value.length;
    if (isOurs) continue;
    const head = joined(chunks);
    const image = parseJpeg(head);
    isOurs = Boolean(image && payloadOf(image));
    if (!isOurs && (image || !mayBeJpeg(head) || size > MOST_HEAD_BYTES)) {
      reader.cancel();
      return null;
    }
  }
  return isOurs ? joined(chunks) : null;
}

const mayBeJpeg = ([first, second = 0xd8]) => first === 0xff && second === 0xd8;

/** The answer for a file: the one made before of the same bytes, or a new one. Null: none can be made. */
async function ultraHdr(bytes) {
  const cache = await caches.open(CACHE);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const key = `/${CACHE}/${Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  return (await cache.match(key, { ignoreSearch: true })) ?? made(bytes, cache, key);
}

async function made(bytes, cache, key) {
  const { bytes: file, reason } = await convert(bytes);
  if (reason) return null;
  const response = new Response(file, { headers: { "Content-Type": "image/jpeg" } });
  await keep(cache, `${key}?bytes=${file.length}`, response.clone()).catch(() => {}); // the site's storage is full
  return response;
}

/** Adds an answer, and lets go of the oldest: keys are listed in the order in which they came. */
async function keep(cache, key, response) {
  await cache.put(key, response);
  const keys = await cache.keys();
  let total = keys.reduce((sum, each) => sum + bytesOf(each), 0);
  for (const each of keys) {
    if (total <= MOST_CACHED_BYTES) return;
    total -= bytesOf(each);
    await cache.delete(each);
  }
}

const bytesOf = ({ url }) => Number(new URL(url).searchParams.get("bytes"));
