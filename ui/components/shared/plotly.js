// @ts-check
// Plotly's script, which a page reads once: 5 MB, of which reading takes a second on a slow computer.

import { base } from "./base.js";

export const FAILED = "This chart could not be drawn: its script did not come. Reload the page.";
const QUIET = 3000; // milliseconds without a hand on the page
const HANDS = ["pointerdown", "pointermove", "keydown", "wheel", "touchmove", "scroll"];

/**
 * Plotly, whichever component of the page asks first. What failed is asked for again.
 * @param {string} path below the app's own address
 * @returns {Promise<any>}
 */
export function plotly(path) {
  const there = /** @type {any} */ (window).Plotly;
  if (there) return Promise.resolve(there);
  return new Promise((resolve, reject) => {
    const address = new URL(base() + path, location.href).href;
    const known = asked(address);
    const script = known ?? ask(address);
    script.addEventListener("error", () => {
      script.remove();
      if (known) plotly(path).then(resolve, reject); // that was somebody else's asking
      else reject(new Error(FAILED));
    });
    // What a server of another version answers is no script of Plotly's.
    script.addEventListener("load", () => {
      const { Plotly } = /** @type {any} */ (window);
      if (Plotly) resolve(Plotly);
      else script.dispatchEvent(new Event("error"));
    });
  });
}

/** @param {string} address */
const asked = (address) => [...document.head.querySelectorAll("script")].find(({ src }) => src === address);

/** @param {string} address */
function ask(address) {
  const script = document.createElement("script");
  script.src = address;
  document.head.append(script);
  return script;
}

/**
 * Read the script before the first chart needs it, while a page is read and nobody's hand is on it;
 * not where a visitor saves data, nor for a page that nobody sees. Pages of a class that were opened
 * together don't ask together.
 * @param {import("./lifetime.js").Lifetime} life
 * @param {string} path
 */
export function readAhead(life, path) {
  if (/** @type {any} */ (navigator).connection?.saveData) return;
  let touched = performance.now();
  for (const kind of HANDS)
    life.on(document, kind, () => (touched = performance.now()), { passive: true, capture: true });
  const look = () => {
    const wait = touched + QUIET - performance.now();
    if (wait > 0 || document.hidden) timer = setTimeout(look, Math.max(wait, QUIET / 3));
    else plotly(path).catch(() => {}); // whoever needs it asks again, and says so
  };
  let timer = setTimeout(look, QUIET * (1 + Math.random()));
  life.atEnd(() => clearTimeout(timer));
}
