// @ts-check
// What Python sent (pack_machine() in __init__.py), and questions about its numbers.

import { split } from "../shared/message.js";

/**
 * @typedef {{ kind: string, layer: number | null, text: string }} Step of Play
 * @typedef {{ title: string, path: string, file: string }} Page a lesson
 * @typedef {object} Way what goes through the machine in one direction
 * @property {Int8Array} cells station after station, column after column
 * @property {Uint8Array} weights layer, head, column, and 1 + columns that it looks at
 * @property {number} most what a weight of 255 stands for
 * @property {number[][]} lengths of the vectors at each station and column
 * @property {number[][][]} added by layer, 0 for attention and 1 for the MLP, column
 * @property {Step[]} steps
 * @typedef {{ name: string, tokens: (string | null)[], best: (string | null)[],
 *   likely: (number | null)[], apart: (number | null)[][] | null }} Beside
 * what the other of two pictures has in the same places, as Beside in __init__.py says
 * @typedef {object} Picture
 * @property {string} name
 * @property {string[]} tokens of the columns
 * @property {number} given how many of all tokens the prompt has
 * @property {number} total
 * @property {"pre" | "post" | "none"} norm
 * @property {boolean} averages whether what a norm divides by is an average over the channels
 * @property {string[]} best
 * @property {number[]} best_share
 * @property {[string, number][]} likely
 * @property {Record<string, Page>} pages
 * @property {string} note
 * @property {number} linked
 * @property {Record<string, string> | null} opens model, prompt and head off, if they aren't the page's own
 * @property {boolean} recorded whether no model stands behind it yet
 * @property {Beside | null} beside what it is compared with
 * @property {number} first position of the first column
 * @property {number} layers
 * @property {number} heads
 * @property {number} channels
 * @property {number} columns
 * @property {number} size cells of a vector
 * @property {number[][][] | null} scales
 * @property {number[] | null} last_scale
 * @property {number[][]} neurons -1 where none writes anything
 * @property {Way} forward
 * @property {(Way & { share: number, bits: number }) | null} back
 */

/** @param {Uint8Array} bytes @returns {Picture} */
export function readMachine(bytes) {
  const { header, rest } = split(bytes);
  const { layers, heads, columns, cells: size } = header;
  const cells = (2 * layers + 1) * columns * size;
  const weights = layers * heads * columns * (1 + columns);
  let at = 0;
  /** @param {number} length */
  const take = (length) => rest.slice(at, (at += length));
  const way = () => ({ cells: new Int8Array(take(cells).buffer), weights: take(weights) });
  const { lengths, added, steps } = header;
  const forward = { ...way(), most: 1, lengths, added, steps };
  const back = header.back && { ...header.back, ...way() };
  return { ...header, size, forward, back };
}

/**
 * How much a column takes from each other one, in one layer: [from all before the first, …].
 * @param {Picture} picture
 * @param {Way} way
 * @param {number} layer
 * @param {number} head -1 is the mean of all heads
 * @param {number} column
 * @returns {number[]}
 */
export function weightsOf({ heads, columns }, way, layer, head, column) {
  const width = 1 + columns;
  const chosen = head < 0 ? Array.from({ length: heads }, (_, i) => i) : [head];
  return Array.from({ length: width }, (_, to) => {
    const sum = chosen.reduce(
      (total, h) => total + way.weights[((layer * heads + h) * columns + column) * width + to],
      0,
    );
    return (sum / 255 / chosen.length) * way.most;
  });
}

/**
 * The same as a picture shows it whose first columns don't fit: they count as earlier ones.
 * @param {number[]} weights of weightsOf()
 * @param {number} hidden how many columns don't fit
 * @returns {{ earlier: number, shown: number[] }}
 */
export function folded([earlier, ...rest], hidden) {
  const out = rest.slice(0, hidden).reduce((sum, weight) => sum + weight, earlier);
  return { earlier: out, shown: rest.slice(hidden) };
}

/** The head that puts the largest weight on one column. @param {Picture} p @param {number} layer @param {number} column */
export function sharpest(p, layer, column) {
  let best = { head: 0, to: 0, weight: -1 };
  for (let head = 0; head < p.heads; head++)
    weightsOf(p, p.forward, layer, head, column)
      .slice(1)
      .forEach((weight, to) => {
        if (weight > best.weight) best = { head, to, weight };
      });
  return best;
}

/** The station above a layer's attention (half 0) or MLP (half 1). @param {number} layer @param {number} half */
export const stationAfter = (layer, half) => 2 * layer + 1 + half;
