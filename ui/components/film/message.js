// @ts-check
// What Python sent (pack_film() in __init__.py): the weights of each frame lie one after the other.

import { cellsOf } from "../attention_map/message.js";
import { split } from "../shared/message.js";

/**
 * @typedef {import("../attention_map/message.js").Message} Message
 * @typedef {import("../attention_map/message.js").Pair} Pair
 * @typedef {[number, number][]} Points steps with losses
 * @typedef {object} Frame a snapshot
 * @property {number} step
 * @property {number | null} loss
 * @property {string} said
 * @property {string | null} written null until it is worked out
 * @property {Uint8Array} weights
 * @property {Record<string, string>} badges
 * @property {[number, string, number][]} guesses
 * @property {number[]} spread of each norm
 * @property {number[] | null} gain
 * @property {Role[]} roles
 * @typedef {{ role: string, who: string, share: number, chance: number, clear: boolean }} Role
 * @typedef {object} Told
 * @property {string} name
 * @property {Frame[]} frames
 * @property {{ batches: Points, validation: Points }} curve
 * @property {boolean | null} follow whether it is to begin at the newest; null: no more will come
 * @property {{ step: number | null, head: Pair | null }} selection
 * @property {string} given
 * @property {string[]} norms
 * @property {[number, number]} norm_range
 * @property {string} norm_title
 * @property {string} norm_words
 * @property {string} role_words
 * @typedef {Told & Pick<Message, "layers" | "heads" | "tokens" | "T" | "causal">} FilmData
 */

/** @param {Uint8Array} bytes @returns {FilmData} */
export function readFilm(bytes) {
  const { header: film, rest } = split(bytes);
  film.T = film.tokens.length;
  const size = film.layers * film.heads * cellsOf(film, film.T);
  film.frames.forEach((/** @type {Frame} */ frame, /** @type {number} */ i) => {
    frame.weights = rest.subarray(i * size, (i + 1) * size);
  });
  return film;
}
