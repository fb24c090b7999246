// @ts-check
// Says when the page has no connection to the app, which Streamlit itself shows by a small sign.

import { Notice } from "./notice.js";

const LOST = "The connection to the app is lost. The page tries again by itself.";
const NEVER =
  "The page has no live connection to the app yet. If this stays, the network may block " +
  "websockets: another network or another browser may help, or whoever runs this network.";
const SOON = 1500; // milliseconds: a connection that comes back at once is not worth a word
const LATE = 8000;
/** @param {Window & typeof globalThis} window */
export function watchConnection(window) {
  const notice = new Notice(window.document, "connection");
  let [open, ever, leaving] = [0, false, false];
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  /** @param {number} delay */
  const sayLater = (delay) => {
    clearTimeout(timer);
    timer = setTimeout(() => open || leaving || notice.say(ever ? LOST : NEVER), delay);
  };
  const closed = () => {
    open -= 1;
    if (!open) sayLater(SOON);
  };
  const opened = () => {
    open += 1;
    ever = true;
    clearTimeout(timer);
    notice.hide();
  };
  window.WebSocket = class extends window.WebSocket {
    /** @param {string | URL} address @param {string | string[]} [protocols] */
    constructor(address, protocols) {
      super(address, protocols);
      this.addEventListener("open", () => {
        opened();
        this.addEventListener("close", closed);
      });
    }
  };
  window.addEventListener("pagehide", () => (leaving = true));
  window.addEventListener("pageshow", () => (leaving = false));
  window.addEventListener("offline", () => notice.say(LOST));
  window.addEventListener("online", () => open && notice.hide());
  sayLater(LATE);
}
