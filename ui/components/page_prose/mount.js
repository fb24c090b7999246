// @ts-check
import { saidIn } from "./said.js";

const MAIN = '[data-testid="stMainBlockContainer"]';
let last = "";

/** @param {any} streamlit what Streamlit calls a component with */
export default function ({ data, setStateValue }) {
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
