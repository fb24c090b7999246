// @ts-check
// The sentences below the bars.

import { element, spaced } from "../shared/dom.js";
import { exact, rounded } from "../shared/numbers.js";
import { bytesOf } from "./message.js";

/**
 * @typedef {import("./message.js").Message} Message
 * @typedef {ReturnType<typeof import("./arithmetic.js").arithmetic>} Sums
 */

/**
 * A weight or a difference as text. In a grid bytes are all there is: good for two digits.
 * @param {{ grid?: boolean, signed?: boolean }} message
 * @param {number} value
 */
export function shown({ grid, signed }, value) {
  const digits = grid ? rounded(value, 2) : exact(value);
  return signed && value > 0 ? `+${digits}` : digits;
}

// Said before the number of a cell of which only the strongest of its neighbourhood is known.
/** @param {Message} message @param {import("./message.js").Pair} head */
export const atMost = (message, head) => (bytesOf(message, head).pool > 1 ? "at most " : "");

/** @param {number} x */
const inBrackets = (x) => (x < 0 ? `(${exact(x)})` : exact(x));

/** @param {{ tokens: string[] }} message @param {number} position @param {string} className */
export const named = ({ tokens }, position, className) =>
  element(
    `span.token.${className}`,
    element("bdi", ...spaced(tokens[position])),
    element("sub", String(position)),
  );

/** @param {Sums} sums */
export function fitWords({ query, key, products, dot }) {
  const shown = Math.min(2, query.length);
  const words = [];
  for (let i = 0; i < shown; i++) {
    words.push(
      i ? " + " : "",
      element("span.q", inBrackets(query[i])),
      "×",
      element("span.k", inBrackets(key[i])),
    );
  }
  const rest = products.length - shown;
  if (rest) words.push(` + … ${rest} more`);
  return [...words, " = ", element("b.total", exact(dot))];
}

/**
 * @param {{ width: number, causal: boolean }} message
 * @param {Sums} sums
 * @param {number} row
 * @param {number} column
 */
export function scaleWords(message, { dot, score, masked }, row, column) {
  const D = message.width;
  const scaled = [exact(dot), ` / √${D} = `, element("b.score", exact(score)), element("br")];
  if (!message.causal) return [...scaled, "This model has no mask: every token sees every other."];
  if (masked)
    return [...scaled, `Position ${column} comes after ${row}. The mask writes −∞ over the score.`];
  const why = row === column ? "it is the token itself" : "it comes earlier";
  return [...scaled, `Position ${column} may be seen from ${row}: ${why}. The score stays.`];
}

/** @param {Sums} sums */
export function softmaxWords({ score, masked, shift, exponential, sum, weight, weights }) {
  if (masked) return ["e", element("sup", "−∞"), " = 0, so the weight is ", element("b", "0"), "."];
  const power = shift ? `${exact(score)} − ${exact(shift)}` : exact(score);
  return [
    "e",
    element("sup", power),
    ` = ${exact(exponential)}`,
    element("br"),
    `sum of the row's ${weights.length}: ${exact(sum)}`,
    element("br"),
    `${exact(exponential)} / ${exact(sum)} = `,
    element("b.weight", exact(weight)),
  ];
}

/** @param {Sums} sums */
export function bringsWords({ weight, lengths, written }) {
  return [
    element("span.z", "part"),
    ` = ${exact(weight)} × `,
    element("span.v", "v"),
    element("br"),
    `length ${exact(lengths.value)} × ${exact(weight)} = ${exact(lengths.part)}`,
    element("br"),
    `all parts of the row: length ${exact(lengths.output)}`,
    element("br"),
    "added to the token's vector, this part has length ",
    element("b", exact(written)),
  ];
}
