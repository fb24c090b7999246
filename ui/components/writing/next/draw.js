// @ts-check
// The next token, before anything is drawn.

import { finder } from "../../shared/dom.js";
import { barRows } from "../bars.js";

/**
 * @param {ParentNode} root what holds next.html
 * @param {any} data what next_token_bars() sends
 * @returns {import("../../shared/mounting.js").Drawing}
 */
export function draw(root, data) {
  /** @param {any} newer */
  const show = (newer) => finder(root)(".bars").replaceChildren(...barRows(newer));
  show(data);
  return { show, close() {} };
}
