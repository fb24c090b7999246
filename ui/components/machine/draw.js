// @ts-check
import { Machine } from "./machine.js";
import { readMachine } from "./message.js";

/**
 * @param {ParentNode} root what holds machine.html
 * @param {Uint8Array} data a message of pack_machine()
 * @param {(choice: { what: string, lesson?: string, query?: Record<string, string> }) => void} send
 * @returns {import("../shared/mounting.js").Drawing}
 */
export function draw(root, data, send) {
  const machine = new Machine(root, send);
  /** @param {Uint8Array} bytes */
  const show = (bytes) => machine.show(readMachine(bytes));
  show(data);
  return { show, close: () => machine.close() };
}
