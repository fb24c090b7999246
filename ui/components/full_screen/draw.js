// @ts-check
// A button that lets another element of the page fill the screen. Escape ends that, as anywhere.

import { Lifetime } from "../shared/lifetime.js";

const ZOOMS = [1.75, 1.5, 1.25]; // from the largest one on, until all of it is seen

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
      /** @type {HTMLElement | null} */
      const picture = document.querySelector(`.st-key-${CSS.escape(key)}`);
      if (picture) fill(picture).catch(() => {}); // a browser may refuse: then nothing changes
    });
  }
  return { show: (newer) => (key = newer.key), close: () => life.close() };
}

/** @param {HTMLElement} picture */
async function fill(picture) {
  await picture.requestFullscreen();
  enlarge(picture);
  const sized = () => enlarge(picture); // a phone is turned
  addEventListener("resize", sized);
  // Of a picture that has gone meanwhile, the document is told.
  document.addEventListener("fullscreenchange", function left() {
    if (document.fullscreenElement === picture) return;
    removeEventListener("resize", sized);
    document.removeEventListener("fullscreenchange", left);
    picture.style.zoom = "";
  });
}

/**
 * A picture of HTML and a table get larger letters, as far as there is room. What draws itself does
 * that by itself: it measures its place.
 * @param {HTMLElement} picture
 */
function enlarge(picture) {
  picture.style.zoom = "";
  if (picture.querySelector("canvas, svg.main-svg") || inside(picture).some((e) => e.shadowRoot)) return;
  for (const zoom of ZOOMS) {
    picture.style.zoom = String(zoom);
    if ([picture, ...inside(picture)].every(isWhole)) return;
  }
  picture.style.zoom = "";
}

/** @param {Element} picture */
const inside = (picture) => [...picture.querySelectorAll("*")];

/**
 * Whether nothing of an element has to be scrolled to; of what stands in a line (and has no size of
 * its own) what is around it tells.
 * @param {Element} element
 */
const isWhole = ({ clientWidth, clientHeight, scrollWidth, scrollHeight }) =>
  !clientWidth || (scrollWidth <= clientWidth && scrollHeight <= clientHeight + 1);
