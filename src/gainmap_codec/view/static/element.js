// The page's elements: found by name, made with their contents.

export const at = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** A text of ours as nodes: what stands between backticks is code. */
export const prose = (text) => text.split("`").map((part, n) => (n % 2 ? element("code", {}, part) : part));

/** With a capital, unless it begins with a name, and a full stop. */
export const sentence = (text) => `${text.replace(/^[a-z]+(?= )/, (word) => word[0].toUpperCase() + word.slice(1))}${/[.!?…]$/.test(text) ? "" : "."}`;

export function svg(tag, attributes, ...children) {
  const made = document.createElementNS(document.querySelector("svg").namespaceURI, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export const count = (number) => Math.round(number).toLocaleString("en");
