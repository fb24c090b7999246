// @ts-check
// Keys on grids whose places are [row, column].

/** @type {Record<string, [number, number]>} */
export const ARROWS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** Whether a key is one of the browser's or the system's own. @param {KeyboardEvent} event */
export const withModifier = (event) => event.ctrlKey || event.metaKey || event.altKey;

/** @param {KeyboardEvent} event */
export const presses = (event) => event.key === "Enter" || event.key === " ";

/** Keep a key that was answered from the page and from Streamlit. @param {KeyboardEvent} event */
export function taken(event) {
  event.preventDefault();
  event.stopPropagation();
}
