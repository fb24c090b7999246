// @ts-check
// What ties a browser to its class. It outlives every rerun of the page; there is one for a tab.

import { base } from "../shared/base.js";
import { keep, kept } from "../shared/keeping.js";
import { seatIn, viewAt } from "./address.js";
import { Pointer, Pointing } from "./pointer.js";

const KEPT = "gpt-from-scratch-class"; // the seat
const LOOK = 80; // milliseconds between two looks at the address
const SETTLED = 160; // for which an address has to stay as it is before the class follows
const LONGEST = 480; // after which it follows all the same
const AGAIN = 1000; // before the next try when the server can't be reached
const REFUSED = 5000; // before the next try after a refusal
const SLOWEST = 4000; // that a rerun may take before the browser waits for the next change
const UNHEARD = 2; // reports that nothing came of, though the app isn't busy: it has forgotten this page
const YOUNG = 30_000; // milliseconds for which a page isn't loaded anew
const IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]';

/**
 * What Python says. seat: as `id.secret`, "" for none. forget: a seat that is worth nothing.
 * version, marks: the class's counters that the page shows. ticket: what it shows where it waits.
 * free: it doesn't follow. fixed: it keeps the class's model and prompt all the same.
 * leads: it is the teacher's, and the class follows it. points: the class sees its pointer.
 * @typedef {{ seat: string, forget: string, version: number, marks: number, ticket: string,
 *   free: boolean, fixed: boolean, leads: boolean, points: boolean }} Said
 * @typedef {(name: "seat" | "change", value: any) => void} Tell
 */

/** @param {number} milliseconds */
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

export class ClassLink {
  constructor() {
    /** @type {Said} */
    this.said = {
      ...{ seat: "", forget: "", version: 0, marks: 0, ticket: "" },
      ...{ free: false, fixed: false, leads: false, points: false },
    };
    /** @type {Tell} */
    this.tell = () => {};
    this.base = base();
    this.waits = false;
    this.had = ""; // the seat that Python named last
    this.sent = "";
    this.seen = "";
    this.first = 0;
    this.since = 0;
    setInterval(() => this.look(), LOOK);
    this.watched = ""; // where the pointer that this page shows comes from
    /** @type {EventSource | undefined} */
    this.stream = undefined;
    this.pointer = new Pointer();
    /** The lesson that its spot is on. @type {string | undefined} */
    this.pointed = undefined;
    const pointing = new Pointing((spot) => this.point(spot));
    document.addEventListener("pointermove", (event) => {
      if (this.said.leads && this.said.points) pointing.moved(event);
    });
    document.addEventListener("visibilitychange", () => this.watchPointer());
    addEventListener("storage", ({ key }) => key === KEPT && this.takeSeat()); // in another window
  }

  /**
   * The page has run, and says how things are now.
   * @param {Said} said
   * @param {Tell} tell
   */
  update(said, tell) {
    this.said = said;
    this.tell = tell;
    this.takeSeat();
    if (this.lesson() !== this.pointed) this.pointer.hide(); // it was on another page
    if (this.follows() && !this.waits) this.wait();
    this.watchPointer();
  }

  /** A teacher's page is told nothing: it knows what it does. */
  follows() {
    return this.said.seat !== "" && this.said.version > 0;
  }

  /** Nothing that the teacher does changes this page, but for a few things. */
  alone() {
    return this.said.free && !this.said.fixed;
  }

  /**
   * Where the teacher points, as long as this page follows and is seen: a browser keeps six
   * connections to a server, for all of its tabs.
   */
  watchPointer() {
    const shows = this.follows() && !this.said.free && !document.hidden;
    const wanted = shows ? this.own("pointer") : "";
    if (wanted === this.watched) return;
    this.watched = wanted;
    this.stream?.close();
    this.stream = undefined;
    if (!wanted) return this.pointer.hide();
    this.stream = new EventSource(wanted);
    this.stream.onerror = () => this.tryAgain();
    this.stream.onmessage = ({ data }) => {
      const { lesson, ...spot } = JSON.parse(data);
      if (lesson !== this.lesson()) return;
      this.pointed = lesson;
      this.pointer.show(spot);
    };
  }

  /** Which this page is. */
  lesson() {
    return viewAt(location.href, this.base)?.lesson;
  }

  /** A browser asks again by itself after a lost connection, but not after a refusal: then we do. */
  async tryAgain() {
    const stream = this.stream;
    if (stream?.readyState !== EventSource.CLOSED) return;
    await pause(REFUSED);
    if (stream !== this.stream) return;
    this.watched = "";
    this.watchPointer();
  }

  /**
   * Where this member's page asks for something of the class.
   * @param {string | number} what
   */
  own(what) {
    return `${this.base}_class/${this.said.seat.split(".")[0]}/${this.said.ticket}/${what}`;
  }

  /** A seat that is new here is kept; of two windows of a browser the other one takes it up. */
  takeSeat() {
    const isNew = this.said.seat !== this.had;
    this.had = this.said.seat;
    const given = seatIn(location.hash);
    if (given) {
      history.replaceState(history.state, "", location.pathname + location.search);
      keep(KEPT, given);
      this.tell("seat", given);
      return;
    }
    const known = kept(KEPT);
    if (this.said.forget && known === this.said.forget) keep(KEPT, "");
    else if (this.said.seat && isNew) keep(KEPT, this.said.seat);
    else if (known && known !== this.said.seat) this.tell("seat", known);
  }

  /** For a change in the class, as long as there is a seat; each runs the page once. */
  async wait() {
    this.waits = true;
    let unheard = 0;
    while (this.follows()) {
      const now = await this.next();
      if (now === null) break;
      const { version, marks } = this.said;
      if (this.alone() ? now.marks !== marks : now.version !== version) {
        this.tell("change", now.version);
        const until = performance.now() + SLOWEST;
        while (this.said.version === version && performance.now() < until) await pause(20);
        const forgotten = this.said.version === version && document.querySelector(IDLE);
        unheard = forgotten ? unheard + 1 : 0;
        // As after a restart of the app, or a long sleep of the phone. The seat is kept.
        if (unheard >= UNHEARD && performance.now() > YOUNG) location.reload();
      }
    }
    this.waits = false;
  }

  /** @returns {Promise<{ version: number, marks: number } | null>} null: there is no such class */
  async next() {
    const { version } = this.said;
    const known = this.alone() ? (this.known ?? version) : version;
    try {
      const answer = await fetch(this.own(known));
      if (!answer.ok) throw new Error("busy");
      const now = await answer.json();
      if (now.version < 0) {
        this.tell("change", now.version);
        return null;
      }
      this.known = now.version;
      return now;
    } catch {
      await pause(AGAIN);
      return { version: this.said.version, marks: this.said.marks };
    }
  }

  /** Where a teacher is, the class is a moment later. */
  look() {
    if (!this.said.leads) return;
    const now = performance.now();
    if (location.href !== this.seen) {
      if (this.seen === this.sent) this.first = now;
      this.seen = location.href;
      this.since = now;
    }
    const settled = now - this.since >= SETTLED || now - this.first >= LONGEST;
    if (this.seen !== this.sent && settled) this.send();
  }

  /** @param {import("./places.js").Spot} spot */
  async point(spot) {
    const lesson = this.lesson();
    if (lesson !== undefined) await this.post("point", { lesson, ...spot }).catch(() => {});
  }

  /** @param {"steer" | "point"} what @param {object} said */
  post(what, said) {
    const [id, secret] = this.said.seat.split(".");
    const body = JSON.stringify({ secret, ...said });
    return fetch(`${this.base}_class/${id}/${what}`, { method: "POST", body });
  }

  async send() {
    this.sent = this.seen;
    const view = viewAt(this.sent, this.base);
    if (!view) return;
    try {
      await this.post("steer", view);
    } catch {
      await pause(AGAIN);
      this.sent = ""; // once more
    }
  }
}
