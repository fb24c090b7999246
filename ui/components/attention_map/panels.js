// @ts-check
// What the next token will be, and one head as a table.

import { element, spaced, tableRow } from "../shared/dom.js";
import { chance, rounded } from "../shared/numbers.js";
import { rowOf, strength, valueOf } from "./message.js";
import { shown } from "./words.js";

/**
 * @typedef {import("./message.js").Outcome} Outcome
 * @typedef {import("./message.js").Pair} Pair
 */

/** @param {Outcome} outcome @param {Pair[]} off the heads that are off @param {number} heads of the model */
export function outcomeNodes(outcome, off, heads) {
  const changed = off.length > 0;
  const names = off.map(([layer, head]) => `${layer}.${head}`).join(", ");
  const which = off.length === 1 ? "head" : "heads";
  const title = element("h4", changed ? `Next token, without ${which} ${names}` : "Next token");
  const rows = outcome.tokens.map((row) => outcomeRow(row, changed));
  const table = element("table", element("tbody", ...rows));
  return [title, table, ...lossWords(outcome, off.length, heads)];
}

/** @param {[string, number, number]} row @param {boolean} changed */
function outcomeRow([token, before, after], changed) {
  /** @param {number} share @param {string} name */
  const bar = (share, name) => {
    const fill = element(`i.${name}`);
    fill.style.width = `${share * 100}%`;
    return fill;
  };
  const bars = [bar(before, "before"), ...(changed ? [bar(after, "after")] : [])];
  const numbers = changed ? `${chance(before)} → ${chance(after)}` : chance(before);
  const head = element("th", element("span.token", element("bdi", ...spaced(token))));
  head.scope = "row";
  return element("tr", head, element("td.bars", ...bars), element("td.numbers", numbers));
}

const NO_LOSS = "One token has no token before it, so it has no loss.";
/** @param {number} off how many heads @param {boolean} others whether there are any besides */
function caution(off, others) {
  const [these, them] = off === 1 ? ["this head", "it"] : ["these heads", "them"];
  const stand = others ? `Other heads may stand in for ${them}, and another` : "Another";
  return `This is what switching ${these} off does to this one prompt. ${stand} text may need ${them}.`;
}

/** @param {Outcome} outcome @param {number} off how many heads @param {number} heads of the model */
function lossWords({ loss_before: before, loss_after: after }, off, heads) {
  if (before === null) return [element("p", NO_LOSS)];
  const own = "Loss on the prompt's own tokens: ";
  if (!off) return [element("p", `${own}${rounded(before, 3)} bits per token.`)];
  const numbers = element("b.loss", `${rounded(before, 3)} → ${rounded(after, 3)}`);
  const words = element("p", own, numbers, ` bits per token (${changeOf(before, after)}).`);
  return [words, element("p.note", caution(off, off < heads))];
}

/** @param {number} before @param {number} after */
function changeOf(before, after) {
  const size = rounded(Math.abs(after - before), 3);
  if (!Number(size)) return after === before ? "no change" : "a change of less than 0.001";
  return `${after < before ? "−" : "+"}${size}`;
}

/** @param {import("./message.js").Message} message @param {Pair} head */
export function headTable(message, head) {
  const title = message.signed ? "changes most at (difference)" : "looks most at (weight)";
  const rows = message.tokens.map((token, row) => {
    const bytes = rowOf(message, head, row);
    /** @param {number} j */
    const size = (j) => strength(message, bytes[j]);
    const best = [...bytes.keys()].sort((i, j) => size(j) - size(i)).slice(0, 3);
    /** @param {number} j */
    const weight = (j) => shown(message, valueOf(message, bytes[j]));
    const words = best.map((j) => `${message.tokens[j]} at ${j}: ${weight(j)}`);
    return tableRow("td", [String(row), token, words.join(" · ")]);
  });
  return element(
    "table",
    element("caption", `Layer ${head[0]}, head ${head[1]}`),
    element("thead", tableRow("th", ["position", "token", title])),
    element("tbody", ...rows),
  );
}
