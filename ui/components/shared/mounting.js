// @ts-check
// Drawings as Streamlit mounts them.

/**
 * What a component's `draw(root, data, send)` returns. `show` draws other data in the same place;
 * `close` ends all that the drawing listens to. `send` is called with what the visitor chose.
 * @typedef {{ show: (data: any) => void, close: () => void }} Drawing
 * @typedef {(root: ParentNode, data: any, send: (choice: any) => void) => Drawing} Draw
 */

/** @type {WeakMap<ParentNode, { drawing: Drawing, answer: { send: (choice: any) => void } }>} */
const mounted = new WeakMap();

/**
 * Streamlit calls a component for every message, always with the same element and each time with
 * another function that answers; what is returned it calls once, when the element goes away.
 * @param {Draw} draw
 * @param {any} message what Streamlit calls a component with
 * @param {string} trigger under which name Python is told of a choice
 */
export function mount(draw, { data, parentElement, setTriggerValue }, trigger = "") {
  /** @param {any} choice */
  const send = (choice) => setTriggerValue(trigger, choice);
  const known = mounted.get(parentElement);
  if (known) {
    known.answer.send = send;
    known.drawing.show(data);
  } else {
    const answer = { send };
    const drawing = draw(parentElement, data, (choice) => answer.send(choice));
    mounted.set(parentElement, { drawing, answer });
    /** @type {HTMLFieldSetElement | null} */
    const waits = parentElement.querySelector(".waits"); // see waiting() in component.py
    if (waits) waits.disabled = false;
  }
  return () => close(parentElement);
}

/** @param {ParentNode} parentElement */
function close(parentElement) {
  mounted.get(parentElement)?.drawing.close();
  mounted.delete(parentElement);
}
