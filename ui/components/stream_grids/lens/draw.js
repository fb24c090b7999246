// @ts-check
import { Lens } from "./lens.js";

/**
 * @param {ParentNode} root what holds lens.html
 * @param {any} data what lens_grid() sends
 * @param {(column: number) => void} send
 * @returns {import("../../shared/mounting.js").Drawing}
 */
export function draw(root, data, send) {
  const lens = new Lens(root, send);
  lens.show(data);
  return { show: (newer) => lens.show(newer), close: () => lens.close() };
}
