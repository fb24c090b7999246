// @ts-check
// A button that lets another element of the page fill the screen. Escape ends that, as anywhere.

import { Lifetime } from "../shared/lifetime.js";

/**
 * @param {ParentNode} root what holds full_screen.html
 * @param {{ key: string }} data of the element, as Streamlit knows it
 * @returns {import("../shared/mounting.js").Drawing}
 */
export function draw(root, data) {
  const life = new Lifetime();
  const button = root.querySelector("button");
  let { key } = data;
  if (button) {
    button.hidden = !document.fullscreenEnabled;
    life.on(button, "click", () => {
      const picture = document.querySelector(`.st-key-${CSS.escape(key)}`);
      picture?.requestFullscreen().catch(() => {}); // a browser may refuse: then nothing changes
    });
  }
  return { show: (newer) => (key = newer.key), close: () => life.close() };
}
