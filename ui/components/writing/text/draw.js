// @ts-check
import { GeneratedText } from "./text.js";

/**
 * @param {ParentNode} root what holds text.html
 * @param {any} data what generated_text() sends
 * @returns {import("../../shared/mounting.js").Drawing}
 */
export function draw(root, data) {
  const text = new GeneratedText(root);
  text.show(data);
  return { show: (newer) => text.show(newer), close: () => text.close() };
}
