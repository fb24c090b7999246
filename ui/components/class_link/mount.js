// @ts-check
import { ClassLink } from "./link.js";

/** @type {ClassLink | undefined} */
let link;

/** @param {any} streamlit what Streamlit calls a component with */
export default function ({ data, setStateValue, setTriggerValue }) {
  link ??= new ClassLink();
  link.update(data, (name, value) => {
    if (name === "change") setTriggerValue(name, value);
    else setStateValue(name, value);
  });
}
