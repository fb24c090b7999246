// @ts-check
// The legend's sentences, and an address of a lesson. Pure functions.

import { grouped } from "../shared/numbers.js";

/** @param {boolean} back */
export const thicknessWords = (back) =>
  back
    ? "thickness: what is handed back through attention, against the most anywhere"
    : "thickness: share of attention";

/** @param {boolean} back */
export const fillWords = (back) =>
  back ? "filled: gradient at what the MLP added, against the most" : "filled: what the MLP adds, against the stream's length";

/** @param {import("./message.js").Picture} p @param {boolean} back */
export function howToRead(p, back) {
  const cells =
    p.size < p.channels
      ? `Each vector has ${grouped(p.channels)} numbers, drawn as ${p.size} cells: of neighbouring numbers the one farthest from 0. `
      : `Each vector's ${p.channels} numbers are its cells. `;
  const scale = "A cell has its full colour at three times the vector's own root mean square. ";
  const norms = p.norm === "none" ? "" : "A small pill is a norm, ⊕ is where something is added. ";
  const way = back
    ? "The gradient's length says how steeply the loss rises where the vector is pushed in the worst direction: so many bits for each unit of a small push. Attention hands it back through values (drawn) and through queries and keys (in the columns' lengths, not drawn). "
    : "";
  const two = p.beside ? `A dashed bar is what ${p.beside.name} gives that token. ` : "";
  return `${cells}${scale}${norms}${way}${two}What comes from tokens without a column is drawn from “earlier”. Arrow keys go from part to part.`;
}

/**
 * A lesson's address, opened at a place, with the model and the prompt of this page or of the picture.
 * @param {string} path
 * @param {Record<string, string>} query
 * @param {Record<string, string> | null} [opens] what the picture is of, where it isn't this page's
 */
export function addressOf(path, query, opens) {
  const url = new URL(path || ".", location.href);
  const now = new URLSearchParams(location.search);
  for (const name of ["model", "prompt"]) {
    const value = opens ? opens[name] : now.get(name);
    if (value !== null) url.searchParams.set(name, value);
  }
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

/** How light a colour like #1c1b22 or rgb(28, 27, 34) is, from 0 to 1. @param {string} colour */
export function luminance(colour) {
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(colour)?.[1];
  const wide = hex && (hex.length === 3 ? [...hex].map((d) => d + d).join("") : hex);
  const parts = wide
    ? [0, 2, 4].map((at) => parseInt(wide.slice(at, at + 2), 16))
    : (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
  return parts.length === 3 ? (0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2]) / 255 : 1;
}
