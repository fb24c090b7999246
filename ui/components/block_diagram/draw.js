// @ts-check
import { Diagram } from "./diagram.js";

/**
 * @param {ParentNode} root what holds diagram.html
 * @param {any} data what block_diagram() sends
 * @param {(file: string) => void} send is told which lesson was clicked
 * @returns {import("../shared/mounting.js").Drawing}
 */
export function draw(root, data, send) {
  const diagram = new Diagram(root, send);
  diagram.show(data);
  return { show: (newer) => diagram.show(newer), close: () => diagram.close() };
}
