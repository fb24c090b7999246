// @ts-check
// What Python sent (pack() in __init__.py), and where things lie in it. A message without q, k and v
// is a grid: pictures only, of weights or, if it is signed, of differences.

import { split } from "../shared/message.js";

/**
 * @typedef {[number, number]} Pair a head's layer and number, or a cell's row and column
 * @typedef {object} Message what is drawn
 * @property {string} name
 * @property {string[]} tokens
 * @property {number} T how many tokens there are
 * @property {number} layers
 * @property {number} heads
 * @property {boolean} causal
 * @property {boolean} grid
 * @property {Uint8Array} weights of all heads
 * @property {{ head: Pair | null, off?: Pair[], cell?: Pair | null }} selection
 * @property {boolean} [signed]
 * @property {boolean} [beside] another picture, which it is compared with
 * @property {boolean} [fixed] its heads can't be switched
 * @property {Record<string, Pair>} [marks] by head a cell that differs from the picture beside
 * @property {boolean} [tells]
 * @property {number} [pool]
 * @property {Uint8Array} [large] the weights of the locked head, where the others are pooled
 * @property {Record<string, string>} [badges]
 * @property {Outcome | null} [outcome]
 * @typedef {object} Arithmetic what is there besides unless it is a grid, of the locked head
 * @property {number} width of one q, k or v
 * @property {Float32Array} q
 * @property {Float32Array} k
 * @property {Float32Array} v
 * @property {Float32Array} written
 * @typedef {Message & Arithmetic} Exact
 * @typedef {object} Outcome what the model says next, with all heads and without those that are off
 * @property {[string, number, number][]} tokens with both probabilities
 * @property {number | null} loss_before
 * @property {number} loss_after
 */

/** @param {Uint8Array} bytes @returns {Message} */
export function readMessage(bytes) {
  const { header: message, rest } = split(bytes);
  const T = (message.T = message.tokens.length);
  let at = 0;
  /** @param {number} count */
  const floats = (count) => {
    const part = rest.slice(at, (at += 4 * count)); // a copy, because floats must lie aligned
    return new Float32Array(part.buffer);
  };
  message.grid = !message.width;
  if (!message.grid) {
    for (const name of ["q", "k", "v"]) message[name] = floats(T * message.width);
    message.written = floats(T);
  }
  if (message.pool > 1) {
    const cells = cellsOf(message, T);
    message.large = rest.subarray(at, (at += cells));
  }
  message.weights = rest.subarray(at);
  return message;
}

/** @param {Message} message @param {number} row */
const lastColumn = ({ causal, T }, row) => (causal ? row : T - 1);

/**
 * How many cells a square of so many rows has.
 * @param {{ causal: boolean }} mask
 * @param {number} side
 */
export const cellsOf = ({ causal }, side) => (causal ? (side * (side + 1)) / 2 : side * side);

/**
 * Where the bytes of a head lie, on a grid of side × side. Of a long prompt only the locked head is
 * sent cell by cell; of the others each byte is the strongest of pool × pool cells.
 * @param {Message} message
 * @param {Pair} head
 */
export function bytesOf(message, [layer, head]) {
  const { pool = 1, large, T, heads, weights, selection } = message;
  if (large && String(selection.head) === String([layer, head]))
    return { bytes: large, side: T, pool: 1 };
  const side = Math.ceil(T / pool);
  const cells = cellsOf(message, side);
  const start = (layer * heads + head) * cells;
  return { bytes: weights.subarray(start, start + cells), side, pool };
}

/**
 * What a byte stands for: a weight from 0 to 1, or a difference from -1 to 1.
 * @param {{ signed?: boolean }} message
 * @param {number} byte
 */
export const valueOf = ({ signed }, byte) => (signed ? (byte - 128) / 127 : byte / 255);
/** @param {{ signed?: boolean }} message @param {number} byte */
export const strength = ({ signed }, byte) => (signed ? Math.abs(byte - 128) : byte);

/**
 * The bytes of one row of a head, without what is masked.
 * @param {Message} message
 * @param {Pair} head
 * @param {number} row
 */
export function rowOf(message, head, row) {
  const { bytes, side, pool } = bytesOf(message, head);
  const y = Math.floor(row / pool);
  const start = message.causal ? (y * (y + 1)) / 2 : y * side;
  return bytes.subarray(start, start + (message.causal ? y + 1 : side));
}

/**
 * What was sent for a cell, exact to 1/510 (differences to 1/254) where a head isn't pooled; null
 * where it is masked.
 * @param {Message} message
 * @param {Pair} head
 * @param {Pair} cell
 */
export function sentWeight(message, head, [row, column]) {
  if (column > lastColumn(message, row)) return null;
  const { pool } = bytesOf(message, head);
  return valueOf(message, rowOf(message, head, row)[Math.floor(column / pool)]);
}

/**
 * Until the visitor chooses: what the last token listens to most, or where most has changed.
 * @param {Message} message
 * @param {Pair} head
 * @returns {Pair}
 */
export function strongestOfLastRow(message, head) {
  const strengths = rowOf(message, head, message.T - 1).map((byte) => strength(message, byte));
  const strongest = strengths.indexOf(Math.max(...strengths));
  return [message.T - 1, strongest * bytesOf(message, head).pool];
}
