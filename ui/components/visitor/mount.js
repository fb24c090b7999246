// @ts-check
import { keep, kept } from "../shared/keeping.js";

const KEPT = "gpt-from-scratch-visitor";
let refused = false; // Python runs again when it is told, so it is told once

/**
 * The server proposes an id; the browser keeps the first one it was ever given, and says so only when
 * it differs. A new visitor therefore costs no extra rerun.
 * @param {any} streamlit what Streamlit calls a component with
 */
export default function ({ data, setStateValue }) {
  const known = kept(KEPT);
  if (known && known !== data.proposed) setStateValue("visitor", known);
  if (known || refused || keep(KEPT, data.proposed)) return;
  refused = true;
  setStateValue("storage", "blocked");
}
