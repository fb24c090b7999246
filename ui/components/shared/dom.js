// @ts-check
// Nodes made in one call. What is put into them is text; it never becomes markup.

/**
 * What listeners are called with: their target is always an element.
 * @typedef {PointerEvent & { target: Element }} Pointed
 * @typedef {KeyboardEvent & { target: Element }} Pressed
 */

/**
 * element("b.total", "3.1") is <b class="total">3.1</b>.
 * @param {string} description the tag and its classes
 * @param {...(Node | string)} children
 * @returns {any} the node, whose kind the tag tells
 */
export function element(description, ...children) {
  const [tag, ...classes] = description.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.classList.add(...classes);
  node.append(...children);
  return node;
}

/**
 * svg("text", { x: 3 }, "loss") is <text x="3">loss</text>.
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {string} text
 * @returns {any}
 */
export function svg(tag, attributes, text = "") {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const name in attributes) node.setAttribute(name, String(attributes[name]));
  if (text) node.textContent = text;
  return node;
}

/**
 * A token's text, in which signs for spaces are light marks between the letters.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export const spaced = (text) =>
  text
    .split(/(␣+)/)
    .filter(Boolean)
    .map((piece) => (piece.startsWith("␣") ? element("span.space", piece) : piece));

/**
 * What fits a selector, of the element that an event is about and those around it.
 * @param {{ target: Element }} event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export const around = (event, selector) => event.target.closest(selector);

/**
 * A table's row of plain texts.
 * @param {"th" | "td"} tag
 * @param {string[]} texts
 */
export const tableRow = (tag, texts) => element("tr", ...texts.map((text) => element(tag, text)));

/**
 * A function that finds what a root holds, as its own component wrote it.
 * @param {ParentNode} root
 * @returns {(selector: string) => any}
 */
export const finder = (root) => (selector) => root.querySelector(selector);

/** How much larger than a browser's own the page's letters are: a little, and much before a class. */
export const pageScale = () => Math.max(1, parseFloat(getComputedStyle(document.documentElement).fontSize) / 16 || 1);
