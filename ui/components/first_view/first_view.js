// @ts-check
// Draws what stands before Streamlit does, and takes it away once the page below stands.

import { draw } from "../machine/draw.js";

const AGAIN = 100; // milliseconds between two looks at the page below
const TITLE = '[data-testid="stMain"] h1';

const view = /** @type {HTMLElement} */ (document.getElementById("first-view"));
view.dataset.theme = isDark() ? "dark" : "light";
const root = /** @type {HTMLElement} */ (view.querySelector(".picture")).attachShadow({ mode: "open" });
root.append(/** @type {HTMLTemplateElement} */ (view.querySelector("template")).content);
const packed = atob(view.querySelector("script")?.textContent ?? "");
const drawing = draw(root, Uint8Array.from(packed, (letter) => letter.charCodeAt(0)), () => {});
const looks = setInterval(look, AGAIN);
document.addEventListener("painted", painted);

/** As Streamlit will choose: what the visitor has chosen before, else as the system is. */
function isDark() {
  try {
    const chosen = localStorage.getItem(`stActiveTheme-${location.pathname}-v2`) ?? "";
    if (/dark|light/i.test(chosen)) return /dark/i.test(chosen);
  } catch {
    // The browser keeps nothing here.
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** @param {Event} event a machine has been painted: this one, or the page's own */
function painted({ target }) {
  if (target !== view.querySelector(".picture")) goAway();
}

/** Another page than this stands below, or all of it without a machine. */
function look() {
  const title = document.querySelector(TITLE)?.textContent;
  const app = /** @type {HTMLElement | null} */ (document.querySelector('[data-testid="stApp"]'));
  const whole = app?.dataset.testScriptState === "notRunning";
  const other = title && title.trim() !== view.querySelector("h1")?.textContent;
  if (other || (title && whole) || document.querySelector('[role="dialog"]')) goAway();
}

function goAway() {
  clearInterval(looks);
  document.removeEventListener("painted", painted);
  drawing.close();
  view.remove();
}
