// @ts-check
// What Streamlit is given as a component's script. It comes with every message, so it is short: the
// script itself is asked for once, and kept by the browser for good.

import { base } from "./base.js";

// Of the script, below the app's address; ui/components/component.py puts it here.
const PATH = "PATH";
const FAILED = "This part of the page could not be drawn. Reload the page.";

/** @typedef {(streamlit: any) => (() => void) | void} Mount */
/** @typedef {{ mount?: Mount, whole?: Promise<Mount>, tries: number }} Script */

/** Those of this page, by path. @type {Map<string, Script>} */
const scripts = (/** @type {any} */ (window).componentScripts ??= new Map());
/** @type {Script} */
const own = scripts.get(PATH) ?? { tries: 0 };
scripts.set(PATH, own);

/** A request may be lost: the next message asks again, by a name that the browser hasn't failed with. */
function load() {
  const again = own.tries ? `?again=${own.tries}` : "";
  own.tries += 1;
  return import(base() + PATH + again).then((script) => {
    if (!script.default) throw new Error(FAILED);
    return (own.mount = script.default);
  });
}

function sentence() {
  const said = document.createElement("p");
  said.className = "failed";
  said.style.whiteSpace = "nowrap"; // also where a component that isn't seen has no width
  said.textContent = FAILED;
  return said;
}

/** @type {Mount} */
export default function (streamlit) {
  if (own.mount) return own.mount(streamlit);
  let close = () => {};
  const place = streamlit.parentElement;
  own.whole ??= load();
  own.whole
    .then((mount) => {
      place.querySelector(".failed")?.remove();
      if (place.isConnected) close = mount(streamlit) ?? close;
    })
    .catch(() => {
      own.whole = undefined;
      if (!place.querySelector(".failed")) place.append(sentence());
    });
  return () => close();
}
