// @ts-check
// The pictures as a component of their own.

import { AttentionMap } from "./map.js";
import { readMessage } from "./message.js";

/**
 * @param {ParentNode} root what holds map.html
 * @param {Uint8Array} data a message of pack() or attention_grid()
 * @param {(selection: { head: number[], off: number[][], cell: number[] | null }) => void} send
 * @returns {import("../shared/mounting.js").Drawing}
 */
export function draw(root, data, send) {
  const map = new AttentionMap(root, send);
  /** @param {Uint8Array} bytes */
  const show = (bytes) => map.show(readMessage(bytes));
  show(data);
  return { show, close: () => map.close() };
}
