import assert from "node:assert/strict";
import { test } from "node:test";
import { seatIn, viewAt } from "../../ui/components/class_link/address.js";
import { baseOf } from "../../ui/components/shared/base.js";
import { namesOf, panel, sideOf, within } from "../../ui/components/class_link/places.js";

const SEAT = "0123456789abcdef.A-b_9";

test("a seat is read from the fragment alone, and nothing else is one", () => {
  assert.equal(seatIn(`#seat=${SEAT}`), SEAT);
  for (const hash of ["", "#", `#seat=x${SEAT}`, "#seat=0123456789abcdef.", `#seat=${SEAT}"><b>`])
    assert.equal(seatIn(hash), "");
});

test("the app's address is what the server has said, else what the page's own lies below", () => {
  assert.equal(baseOf("http://a.b/attention?x=1", undefined), "http://a.b/");
  assert.equal(baseOf("https://a.b/class/attention", undefined), "https://a.b/class/");
  assert.equal(baseOf("http://a.b/class", "http://a.b/class/"), "http://a.b/class/");
});

test("what is followed is the lesson and all that the address says of it", () => {
  const base = "http://a.b/class/";
  assert.deepEqual(viewAt("http://a.b/class/attention?head=1.0&prompt=a%20b&present=1", base), {
    lesson: "attention",
    query: { head: "1.0", prompt: "a b" },
  });
  assert.deepEqual(viewAt("http://a.b/class/", base), { lesson: "", query: {} });
  assert.deepEqual(viewAt("http://a.b/", "http://a.b/"), { lesson: "", query: {} });
});

test("nobody follows to the teacher's console, but to what is shown of the board", () => {
  const base = "http://a.b/";
  assert.equal(viewAt("http://a.b/classroom", base), null);
  assert.deepEqual(viewAt("http://a.b/classroom?board=3", base)?.query, { board: "3" });
});

test("a pointer is told in parts of its panel, whatever the page's width", () => {
  const box = panel({ left: 100, top: 0, width: 800, height: 900 }, 50, 250);
  assert.deepEqual(box, { left: 100, top: 50, width: 800, height: 200 });
  assert.deepEqual(within(box, 300, 100), { x: 0.25, y: 0.25 });
  assert.equal(within(box, 99, 100), null);
  assert.equal(within(box, 300, 251), null);
  assert.equal(panel(box, 50, 50).height, 1); // two headings side by side
});

test("what is pointed at has the same name where other pictures have been revealed", () => {
  const heading = { heading: true, key: "heads", part: "" };
  const [plain, bars, map] = ["", "st-key-bars", "st-key-map"].map((key) => ({ heading: false, key, part: "" }));
  /** @param {(typeof heading)[]} things @param {object} thing */
  const name = (things, thing) => namesOf(things)[things.lastIndexOf(/** @type {any} */ (thing))];
  const pupil = [heading, map, heading, plain];
  const teacher = [heading, plain, bars, map, heading, plain];
  assert.equal(name(pupil, map), name(teacher, map));
  assert.equal(name(pupil, plain), name(teacher, plain));
  assert.notEqual(name(pupil, heading), namesOf(pupil)[0]);
  assert.equal(namesOf(pupil).includes(name(teacher, bars)), false);
  assert.equal(new Set(namesOf(teacher)).size, teacher.length);
  const cells = { ...map, part: "canvas.cells" };
  assert.equal(name([heading, map, cells], cells), name([heading, bars, map, cells], cells));
});

test("of a pointer outside of what is seen the side is told, first whether it is up or down", () => {
  const seen = { left: 300, top: 80, width: 900, height: 700 };
  const sides = { up: [500, 79], down: [2000, 781], left: [299, 100], right: [1201, 100] };
  for (const [side, [x, y]] of Object.entries(sides)) assert.equal(sideOf({ x, y }, seen), side);
  assert.equal(sideOf({ x: 300, y: 780 }, seen), null);
});
