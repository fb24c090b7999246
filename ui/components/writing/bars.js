// @ts-check
// Bars of one draw: each token's probability before (outline) and after (filled) temperature and
// filters, on a fixed scale from 0 to 100%.

import { element } from "../shared/dom.js";
import { chance, grouped, part } from "../shared/numbers.js";

/**
 * @param {{ rows: [string, number, number][], rest: [number, number, number], drawn?: number }} draw
 */
export function barRows({ rows, rest, drawn }) {
  const made = rows.map(([text, before, after], i) =>
    barRow(element("span.name", element("bdi", text)), before, after, i === drawn),
  );
  const [count, before, after] = rest;
  if (count > 0) {
    const name = element("span.others", count === 1 ? "1 other" : `${grouped(count)} others`);
    made.push(barRow(name, before, after, false));
  }
  return made;
}

/** @param {Node} name @param {number} before @param {number} after @param {boolean} drawn */
function barRow(name, before, after, drawn) {
  const [outline, filled] = [element("i.before"), element("i.after")];
  outline.style.width = `${100 * before}%`;
  filled.style.width = `${100 * after}%`;
  const numbers = element("span.numbers", `${chance(before)} → `, element("b", part(after)));
  const row = element("li", name, element("span.track", outline, filled), numbers);
  row.classList.toggle("cut", after === 0);
  row.classList.toggle("drawn", drawn);
  return row;
}
