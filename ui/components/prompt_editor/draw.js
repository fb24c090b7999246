// @ts-check
// The prompt's editor. What is typed goes into a box of Streamlit's that nobody sees, letter by
// letter: Streamlit keeps that box in the address and lets the last word win over older answers.

import { finder } from "../shared/dom.js";
import { Lifetime, Timer } from "../shared/lifetime.js";
import { countWords, cutWords, endOf, lengthOf, LINE_BREAK, visible } from "./text.js";

/**
 * box: what finds Streamlit's box. text: what the server knew it to hold. longest: in characters.
 * @typedef {{ box: string, text: string, longest: number }} EditorData
 */

const SOON = 30; // milliseconds until the box may be there, or hold what the server has put into it
const TRIES = 10;

/**
 * @param {ParentNode} root
 * @param {EditorData} data
 */
export const draw = (root, data) => new Editor(root, data);

class Editor {
  /** @param {ParentNode} root @param {EditorData} data */
  constructor(root, data) {
    this.life = new Lifetime();
    this.timer = new Timer(this.life);
    const find = finder(root);
    /** @type {HTMLTextAreaElement} */
    this.field = find("textarea");
    this.count = find(".count");
    this.note = find("#note");
    this.composing = false;
    this.opened = false;
    this.filled = false;
    this.data = data;
    this.take(data.text);
    this.listen();
    this.look(TRIES);
  }

  listen() {
    const { life, field } = this;
    life.on(field, "beforeinput", (event) => this.breakLine(event));
    life.on(field, "paste", (event) => this.paste(event));
    life.on(field, "compositionstart", () => (this.composing = true));
    life.on(field, "compositionend", () => {
      this.composing = false;
      this.typed();
    });
    life.on(field, "input", () => this.typed());
  }

  /** @param {EditorData} data */
  show(data) {
    this.data = data;
    this.look(TRIES);
  }

  close() {
    this.life.close();
  }

  // ---- From the hand ----

  /** @param {InputEvent} event */
  breakLine(event) {
    const breaks = event.inputType === "insertLineBreak" || event.inputType === "insertParagraph";
    if (!breaks || event.isComposing) return;
    event.preventDefault();
    this.insert(LINE_BREAK);
  }

  /** @param {ClipboardEvent} event */
  paste(event) {
    const text = event.clipboardData?.getData("text/plain");
    if (!text) return;
    event.preventDefault();
    this.insert(visible(text));
  }

  /**
   * Put a text where the caret is, in a way that Undo knows.
   * @param {string} text
   */
  insert(text) {
    const { field } = this;
    const { value, selectionStart, selectionEnd } = field;
    const whole = value.slice(0, selectionStart) + text + value.slice(selectionEnd);
    const length = lengthOf(whole);
    const cut = length > this.data.longest;
    if (cut) field.select();
    const added = cut ? endOf(whole, this.data.longest) : text;
    if (!document.execCommand("insertText", false, added)) {
      field.setRangeText(added, field.selectionStart, field.selectionEnd, "end");
      this.typed();
    }
    if (!cut) return;
    const caret = Math.max(0, field.value.length - (value.length - selectionEnd));
    field.setSelectionRange(caret, caret);
    this.note.textContent = cutWords(length, this.data.longest);
  }

  /** Something has changed in the field; what an input method is composing isn't finished yet. */
  typed() {
    if (this.composing) return;
    const { field } = this;
    const text = visible(field.value);
    const length = lengthOf(text);
    const kept = endOf(text, this.data.longest);
    this.note.textContent = kept === text ? "" : cutWords(length, this.data.longest);
    if (kept !== field.value) {
      const toEnd = field.value.length - field.selectionEnd;
      field.value = kept;
      field.setSelectionRange(kept.length - toEnd, kept.length - toEnd);
    }
    this.sayLength();
    this.send(TRIES);
  }

  /** @param {number} tries */
  send(tries) {
    const { value } = this.field;
    const box = this.box();
    if (!box) {
      if (tries) this.timer.start(SOON, () => this.send(tries - 1));
      return;
    }
    this.known = value;
    // React notices a value only if it was set by the browser's own setter.
    const setter = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set;
    setter?.call(box, value);
    box.dispatchEvent(new Event("input", { bubbles: true }));
    // Streamlit would wait for a pause in typing.
    box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  }

  // ---- From the server ----

  /**
   * What the box holds and this editor hasn't written into it comes from the server: somebody has
   * put the prompt back, or has edited it in a lesson. An older answer never gets into the box.
   * @param {number} tries
   */
  look(tries) {
    const box = this.box();
    // An empty one may still wait to be filled.
    this.filled ||= box !== null && (box.value !== "" || !this.data.text);
    if (box && this.filled && box.value !== this.known && !this.composing) this.take(box.value);
    if (box && (box.value === this.data.text || !tries)) this.open();
    if (tries || !this.opened) this.timer.start(SOON, () => this.look(Math.max(tries - 1, 0)));
  }

  /**
   * The field stands on the page before this script has come, and Streamlit's box is filled later
   * still. What is typed until then would be lost, so until then the field isn't to be seen.
   */
  open() {
    this.opened = true;
    this.field.style.visibility = "";
  }

  /** @param {string} text */
  take(text) {
    this.known = text;
    this.field.value = text;
    this.field.scrollTop = this.field.scrollHeight; // what comes next depends on its end most
    this.note.textContent = "";
    this.sayLength();
  }

  /** @returns {HTMLInputElement | null} */
  box() {
    return document.querySelector(this.data.box);
  }

  sayLength() {
    this.count.textContent = countWords(lengthOf(this.field.value), this.data.longest);
  }
}
