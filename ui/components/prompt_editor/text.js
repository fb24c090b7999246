// @ts-check
// The prompt as it is edited: one line, in which a line break is a character that can be seen.

export const LINE_BREAK = "⏎";

/**
 * A text with its line breaks made visible.
 * @param {string} text
 */
export const visible = (text) => text.replace(/\r\n|[\n\r\u2028\u2029]/g, LINE_BREAK);

/**
 * How many characters a text has. An emoji is two units of JavaScript, but one character of Python.
 * @param {string} text
 */
export const lengthOf = (text) => [...text].length;

/**
 * The last characters of a text: what a model would go on from.
 * @param {string} text
 * @param {number} longest
 */
export const endOf = (text, longest) => [...text].slice(-longest).join("");

/**
 * What the editor says when it has cut a text.
 * @param {number} length of the whole text
 * @param {number} longest
 */
export const cutWords = (length, longest) =>
  `That made ${grouped(length)} characters. The last ${grouped(longest)} are kept.`;

/**
 * How much of the room a text takes.
 * @param {number} length
 * @param {number} longest
 */
export const countWords = (length, longest) => `${grouped(length)} of ${grouped(longest)}`;

/** @param {number} number */
const grouped = (number) => number.toLocaleString("en-US");
