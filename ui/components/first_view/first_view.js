// @ts-check
// Draws what stands before Streamlit does, and takes it away once the page below stands.

import { draw } from "../machine/draw.js";

const AGAIN = 100; // milliseconds between two looks at the page below
const TITLE = '[data-testid="stMain"] h1';
const MACHINE = ".st-key-machine"; // pages/home/machine.py
// What a page says that has ended before it has a title: at a closed door, after a mistake.
const SAID = '[data-testid="stMain"] :is([data-testid="stAlert"], [data-testid="stException"])';

const view = /** @type {HTMLElement} */ (document.getElementById("first-view"));
view.dataset.theme = isDark() ? "dark" : "light";
const own = /** @type {HTMLElement} */ (view.querySelector("h1"));
const picture = /** @type {HTMLElement} */ (view.querySelector(".picture"));
let isPainted = false; // the page's own machine
const root = picture.attachShadow({ mode: "open" });
root.append(/** @type {HTMLTemplateElement} */ (view.querySelector("template")).content);
const packed = atob(view.querySelector("script")?.textContent ?? "");
const drawing = draw(root, Uint8Array.from(packed, (letter) => letter.charCodeAt(0)), () => {});
const looks = setInterval(look, AGAIN);
document.addEventListener("painted", painted);
view.addEventListener("animationend", goAway); // its time is over, see first_view.css

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
  if (target === picture) return;
  isPainted = true;
  look();
}

/**
 * Another page than this stands below, or all of it. Streamlit calls a page done while the scripts
 * that draw its parts are still on their way, and with them the page's own style.
 */
function look() {
  const title = document.querySelector(TITLE);
  const app = /** @type {HTMLElement | null} */ (document.querySelector('[data-testid="stApp"]'));
  const isWhole = app?.dataset.testScriptState === "notRunning" && !document.querySelector(MACHINE);
  const isOther = title && title.textContent?.trim() !== own.textContent;
  const isStyled = title && getComputedStyle(title).fontSize === getComputedStyle(own).fontSize;
  const stands = isStyled && (isPainted || isWhole);
  const hasEnded = !title && document.querySelector(SAID);
  if (isOther || stands || hasEnded || document.querySelector('[role="dialog"]')) goAway();
}

function goAway() {
  clearInterval(looks);
  document.removeEventListener("painted", painted);
  drawing.close();
  view.remove();
}
