// @ts-check
// The rows of the tables beside and below the pictures.

import { element } from "../shared/dom.js";
import { chance, exact, percent, rounded } from "../shared/numbers.js";

/**
 * @typedef {import("./message.js").FilmData} FilmData
 * @typedef {import("./message.js").Frame} Frame
 */

/** @param {number} filled from 0 to 1 @param {number} [mark] */
function track(filled, mark) {
  const bar = element("span.track", element("i"));
  bar.firstChild.style.width = `${100 * Math.max(0, Math.min(1, filled))}%`;
  if (mark !== undefined) {
    bar.append(element("u"));
    bar.lastChild.style.left = `${100 * mark}%`;
  }
  return bar;
}

/** @param {[number, string, number]} guess */
export function guessRow([place, token, probability]) {
  return element(
    "tr",
    element("th", String(place)),
    element("td.token", token),
    element("td", track(probability)),
    element("td.number", chance(probability)),
  );
}

// Bars are lengths on a logarithmic scale, the same for all steps.
/** @param {FilmData} film @param {Frame} frame @param {string} name @param {number} i */
export function normRow({ norm_range: [low, high] }, { spread, gain }, name, i) {
  const length = Math.log(Math.max(spread[i], low) / low) / Math.log(high / low);
  const gained = gain ? [element("td.number", rounded(gain[i], 2))] : [];
  return element(
    "tr",
    element("th", name),
    element("td", track(length)),
    element("td.number", exact(spread[i])),
    ...gained,
  );
}

/** @param {import("./message.js").Role} role */
export function roleRow({ role, who, share: taken, chance: even, clear }) {
  const row = element(
    "tr",
    element("th", role),
    element("td.who", who),
    element("td.bars", track(taken, even)),
    element("td.numbers", `${percent(taken, 0)}, chance ${percent(even, 0)}`),
  );
  row.classList.toggle("clear", clear);
  return row;
}
