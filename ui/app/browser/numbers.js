// @ts-check
// Numbers as people write them: a comma for the point, grouped thousands, wide digits.
//
// A browser's own number field drops the signs that its language doesn't know, so that 0,01 becomes
// 001, and that is 1. Here a field is one of text, and is read when it is left.

/**
 * What somebody meant by a number; null: it can be read in two ways.
 * @param {string} typed
 * @param {boolean} whole whether only whole numbers are allowed
 * @returns {string | null}
 */
export function meant(typed, whole) {
  const text = typed.normalize("NFKC").replace(/[−‐–]/g, "-").replace(/[\s'’_]/g, "").replace(/[、،]/g, ",");
  if (!/[.,]/.test(text) || /e/i.test(text)) return text;
  const last = Math.max(text.lastIndexOf("."), text.lastIndexOf(","));
  const [other, own] = text[last] === "." ? [",", "."] : [".", ","];
  if (text.includes(other)) return text.replaceAll(other, "").replace(own, "."); // 1.234,5
  if (/^[+-]?[1-9]\d{0,2}([.,]\d{3}){2,}$/.test(text)) return text.replaceAll(own, ""); // 1.234.567
  if (/^[+-]?[1-9]\d{0,2}[.,]\d{3}$/.test(text)) {
    if (whole) return text.replace(own, "");
    if (own === "," || text.endsWith("000")) return null; // 1,234 is more than one thing
  }
  const point = text.replace(own, ".");
  return whole && !Number.isInteger(Number(point)) ? null : point;
}

/** @param {string} typed @param {boolean} whole */
export const refusal = (typed, whole) =>
  whole
    ? `“${typed}” is not taken: only a whole number can stand here. The field keeps what it had.`
    : `“${typed}” is not taken: it may mean two numbers. Write it without a mark between thousands.`;

const FIELD = "[data-testid=stNumberInputField]";
/** @type {WeakMap<HTMLInputElement, string>} what a field held when it was entered */
const held = new WeakMap();

/** @param {Event} event @returns {HTMLInputElement | null} */
const fieldOf = ({ target }) =>
  target instanceof HTMLInputElement && target.matches(FIELD) ? target : null;

/** Write as a hand would, so that React takes notice. @param {HTMLInputElement} field @param {string} text */
function write(field, text) {
  const value = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
  value?.set?.call(field, text);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** @param {HTMLInputElement} field @param {(words: string) => void} refuse */
function read(field, refuse) {
  const whole = Number.isInteger(Number(field.step || 1));
  const value = meant(field.value, whole);
  if (value === field.value) return;
  if (value === null) refuse(refusal(field.value, whole));
  write(field, value ?? held.get(field) ?? "");
}

/** @param {Element} node */
function asText(node) {
  const field = /** @type {HTMLInputElement} */ (node);
  field.type = "text";
  field.inputMode = Number(field.min) < 0 ? "text" : "decimal";
}

/** @param {Document} page @param {(words: string) => void} refuse says why a number isn't taken */
export function readNumbers(page, refuse) {
  // When it is drawn and not when it is entered: that would undo what a hand has selected in it.
  new MutationObserver((records) => {
    for (const { addedNodes } of records)
      for (const node of addedNodes)
        if (node instanceof Element) node.querySelectorAll(FIELD).forEach(asText);
  }).observe(page, { childList: true, subtree: true });
  page.addEventListener("focusin", (event) => {
    const field = fieldOf(event);
    if (field) held.set(field, field.value);
  });
  const leave = (/** @type {Event} */ event) => {
    const field = fieldOf(event);
    if (!field || (event instanceof KeyboardEvent && event.key !== "Enter")) return;
    read(field, refuse);
    held.set(field, field.value);
  };
  page.addEventListener("keydown", leave, { capture: true });
  page.addEventListener("blur", leave, { capture: true }); // before Streamlit takes the value
}
