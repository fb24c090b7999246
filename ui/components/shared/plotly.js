// @ts-check
// Plotly's script, which a page reads once: 5 MB, of which reading takes a second on a slow computer.

import { base } from "./base.js";

export const FAILED = "This chart could not be drawn: its script did not come. Reload the page.";
const QUIET = 3000; // milliseconds without a hand on the page

/**
 * Plotly, whichever component of the page asks first. What failed is asked for again.
 * @param {string} path below the app's own address
 * @returns {Promise<any>}
 */
export function plotly(path) {
  const there = /** @type {any} */ (window).Plotly;
  if (there) return Promise.resolve(there);
  return new Promise((resolve, reject) => {
    const script = asked(new URL(base() + path, location.href).href);
    script.addEventListener("error", () => {
      script.remove();
      reject(new Error(FAILED));
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
function asked(address) {
  const scripts = [...document.head.querySelectorAll("script")];
  const known = scripts.find(({ src }) => src === address);
  if (known) return known;
  const script = document.createElement("script");
  script.src = address;
  document.head.append(script);
  return script;
}

/**
 * Read the script before the first chart needs it, while a page is read and nobody presses anything;
 * not where a visitor saves data.
 * @param {import("./lifetime.js").Lifetime} life
 * @param {string} path
 */
export function readAhead(life, path) {
  if (/** @type {any} */ (navigator).connection?.saveData) return;
  let touched = performance.now();
  for (const kind of ["pointerdown", "keydown", "wheel"])
    life.on(document, kind, () => (touched = performance.now()), { passive: true, capture: true });
  const look = () => {
    const wait = touched + QUIET - performance.now();
    if (wait > 0) timer = setTimeout(look, wait);
    else plotly(path).catch(() => {}); // whoever needs it asks again, and says so
  };
  let timer = setTimeout(look, QUIET);
  life.atEnd(() => clearTimeout(timer));
}
