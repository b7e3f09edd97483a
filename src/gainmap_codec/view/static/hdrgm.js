// The gain-map numbers of an XMP packet. Source: Ultra HDR image format v1.1, "Gain map metadata".

import { isUsable } from "./iso21496.js";

const NAMESPACE = "http://ns.adobe.com/hdr-gain-map/1.0/";
const DEFAULTS = { GainMapMin: [0], Gamma: [1], OffsetSDR: [1 / 64], OffsetHDR: [1 / 64], HDRCapacityMin: [0] };
const MOST_LETTERS = 2 ** 20;

/** The numbers in the form that `Renderer.standardMap` takes, or null where they cannot be used. */
export function parseHdrgm(packet) {
  const prefix = packet.slice(0, MOST_LETTERS).match(/xmlns:([\w.-]{1,64})\s*=\s*["']http:\/\/ns\.adobe\.com\/hdr-gain-map\/1\.0\/["']/)?.[1];
  if (!prefix || !packet.includes(NAMESPACE)) return null;
  const texts = (name) => textsOf(packet, `${prefix}:${name}`);
  const numbers = (name) => texts(name)?.map(Number) ?? DEFAULTS[name] ?? [NaN];
  const three = (name, found = numbers(name)) => [0, 1, 2].map((n) => found[n % found.length]);
  const [low, high] = [numbers("HDRCapacityMin")[0], numbers("HDRCapacityMax")[0]];
  const direction = (texts("BaseRenditionIsHDR")?.[0] ?? "False").trim().toLowerCase();
  const isHdrBase = ["true", "1"].includes(direction);
  const [baseOffset, alternateOffset] = isHdrBase ? ["OffsetHDR", "OffsetSDR"] : ["OffsetSDR", "OffsetHDR"];
  const found = {
    baseHeadroom: isHdrBase ? high : low,
    alternateHeadroom: isHdrBase ? low : high,
    min: three("GainMapMin"),
    max: three("GainMapMax"),
    gamma: three("Gamma"),
    baseOffset: three(baseOffset),
    alternateOffset: three(alternateOffset),
    usesBaseColors: true,
  };
  const isNewer = Number.parseInt(texts("Version")?.[0].replace(/^\D*/, "") ?? "1", 10) > 1;
  const isKnown = ["true", "1", "false", "0"].includes(direction) && low >= 0 && high >= low;
  return isUsable(found) && isKnown && !isNewer ? found : null;
}

/** A property's texts: an attribute, an element, or the items of an array in one; null where there is none. */
export function textsOf(packet, name) {
  const attribute = packet.match(new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`));
  if (attribute) return [attribute[1] ?? attribute[2]];
  const start = packet.search(new RegExp(`<${name}[\\s>]`));
  const stop = packet.indexOf(`/${name}`, start);
  if (start < 0 || stop < 0) return null;
  const body = packet.slice(packet.indexOf(">", start) + 1, stop - 1);
  const items = Array.from(body.matchAll(/<[\w.-]+:li(?:\s[^<>]*)?>([^<]*)</g), ([, text]) => text);
  return items.length ? items : [body];
}
