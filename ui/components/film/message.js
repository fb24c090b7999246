// @ts-check
// What Python sent (pack_film() in __init__.py): the weights of each frame lie one after the other.

import { cellsOf } from "../attention_map/message.js";
import { split } from "../shared/message.js";

/** @param {Uint8Array} bytes */
export function readFilm(bytes) {
  const { header: film, rest } = split(bytes);
  film.T = film.tokens.length;
  const size = film.layers * film.heads * cellsOf(film, film.T);
  film.frames.forEach((frame, i) => {
    frame.weights = rest.subarray(i * size, (i + 1) * size);
  });
  return film;
}
