// @ts-check
import { Film } from "./film.js";
import { readFilm } from "./message.js";

/**
 * @param {ParentNode} root what holds film.html, and map.html inside of it
 * @param {Uint8Array} data a message of pack_film()
 * @param {(choice: { step: number, head: number[], follow: boolean | null }) => void} send
 * @returns {import("../shared/mounting.js").Drawing}
 */
export function draw(root, data, send) {
  const film = new Film(root, send);
  /** @param {Uint8Array} bytes */
  const load = (bytes) => film.load(readFilm(bytes));
  load(data);
  return { show: load, close: () => film.close() };
}
