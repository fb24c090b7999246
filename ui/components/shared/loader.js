// @ts-check
// What Streamlit is given as a component's script. It comes with every message, so it is short: the
// script itself is asked for once, and kept by the browser for good.

import { base } from "./base.js";

const PATH = "PATH"; // of the script, below the app's address: ui/components/component.py puts it here
const FAILED = "This part of the page could not be drawn: its script did not come. Reload the page.";

/** @typedef {(streamlit: any) => (() => void)} Mount */
/** @typedef {Map<string, { mount?: Mount, whole: Promise<Mount> }>} Scripts */

/** Those of this page, by path. @type {Scripts} */
const scripts = (/** @type {any} */ (window).componentScripts ??= new Map());

function load() {
  const whole = import(base() + PATH).then((script) => {
    if (!script.default) throw new Error(FAILED);
    return (known.mount = script.default);
  });
  /** @type {{ mount?: Mount, whole: Promise<Mount> }} */
  const known = { whole };
  scripts.set(PATH, known);
  return known;
}

function sentence() {
  const said = document.createElement("p");
  said.textContent = FAILED;
  return said;
}

/** @type {Mount} */
export default function (streamlit) {
  const { mount, whole } = scripts.get(PATH) ?? load();
  if (mount) return mount(streamlit);
  let close = () => {};
  const place = streamlit.parentElement;
  whole.then(
    (loaded) => {
      if (place.isConnected) close = loaded(streamlit);
    },
    () => {
      if (!place.textContent.includes(FAILED)) place.append(sentence());
    },
  );
  return () => close();
}
