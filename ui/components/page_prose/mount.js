// @ts-check
import { saidIn } from "./said.js";

const APP = '[data-testid="stApp"]';
const MAIN = '[data-testid="stMainBlockContainer"]';
const SOON = 80; // milliseconds until the page may be whole
let last = "";

/** @param {any} streamlit what Streamlit calls a component with */
export default function ({ data, setStateValue }) {
  const look = () => {
    const state = document.querySelector(APP)?.getAttribute("data-test-script-state");
    if (state === "running") setTimeout(look, SOON);
    else tell(data, setStateValue);
  };
  setTimeout(look, SOON);
}

/**
 * @param {{ pictures: string[], known: boolean }} data
 * @param {(name: string, value: any) => void} setStateValue
 */
function tell(data, setStateValue) {
  const page = document.querySelector(MAIN);
  if (!page) return;
  /** @type {Map<Element, string>} */
  const pictures = new Map();
  for (const key of data.pictures) {
    const drawn = page.querySelector(`.st-key-${CSS.escape(key)}`);
    if (drawn) pictures.set(drawn, key);
  }
  const said = [...page.children].flatMap((child) => saidIn(child, pictures));
  const now = JSON.stringify(said);
  if (data.known && now === last) return; // Python runs again whenever it is told
  last = now;
  setStateValue("said", said);
}
