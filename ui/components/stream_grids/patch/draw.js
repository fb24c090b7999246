// @ts-check
import { Patch } from "./patch.js";

/**
 * @param {ParentNode} root what holds patch.html
 * @param {any} data what patch_grids() sends
 * @param {(cell: [number, number]) => void} send
 * @returns {import("../../shared/mounting.js").Drawing}
 */
export function draw(root, data, send) {
  const patch = new Patch(root, send);
  patch.show(data);
  return { show: (newer) => patch.show(newer), close: () => patch.close() };
}
