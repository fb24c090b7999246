// @ts-check
// Before a class (present=1 in the address) letters are large and nothing stands at the side from the
// first moment on: Streamlit's tables measure letters once, before the page's own styles have come.

const LETTERS = "23px"; // as in course/present.css

/**
 * @param {HTMLElement} root of the page
 * @param {string} query of its address
 */
export function enlarge(root, query) {
  if (new URLSearchParams(query).get("present") !== "1") return;
  root.style.fontSize = LETTERS;
  root.classList.add("presents"); // page.css
}
