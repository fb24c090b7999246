import assert from "node:assert/strict";
import { test } from "node:test";
import { asksForMore, beginnings, goesOn, hiding, panelAfter, scrollTo, withGoal, withoutEmpty } from "../../ui/components/page_frame/panels.js";

test("a panel begins with each heading, the first with what stands above it", () => {
  assert.deepEqual(beginnings([false, true, false, true, true]), [0, 3, 4]);
  assert.deepEqual(beginnings([false, false]), [0]);
});

test("a title alone is no panel", () => {
  assert.deepEqual(withoutEmpty([0, 3, 4], [false, false, false, true, true]), [3, 4]);
  assert.deepEqual(withoutEmpty([0, 3], [false, true, false, true]), [0, 3]);
  assert.deepEqual(withoutEmpty([0], [false]), [0]);
});

test("a goal alone stands above the first panel", () => {
  assert.deepEqual(withGoal([0, 3, 4], [false, true, false, true, true], 1), [0, 4]);
  assert.deepEqual(withGoal([0, 3, 4], [false, true, true, true, true], 1), [0, 3, 4]);
  assert.deepEqual(withGoal([0, 3], [false, false, false, true], -1), [0, 3]);
});

test("an address asks for more than a lesson when it has a key of its own", () => {
  assert.ok(!asksForMore("?present=1&prompt=x&model=y"));
  assert.ok(asksForMore("?present=1&head=1.2"));
});

test("keys turn panels, and not beyond the ends", () => {
  assert.equal(panelAfter(1, "ArrowRight", 3), 2);
  assert.equal(panelAfter(2, "PageDown", 3), 2);
  assert.equal(panelAfter(0, "ArrowLeft", 3), 0);
  assert.equal(panelAfter(0, "End", 3), 2);
  assert.equal(panelAfter(2, "Home", 3), 0);
  assert.equal(panelAfter(1, "a", 3), 1);
});

test("the rule hides what comes before and after", () => {
  const rule = "p:nth-child(-n+2), p:nth-child(n+6) { display: none; }";
  assert.equal(hiding("p", 2, 5), rule); // parts 2, 3, 4 stay: children 3, 4, 5
});

test("a panel that is too high is scrolled to what was cut", () => {
  const blocks = [
    { top: 0, bottom: 300 },
    { top: 310, bottom: 560 },
    { top: 570, bottom: 900 },
  ];
  assert.equal(scrollTo(blocks, 500), 310);
  assert.equal(scrollTo(blocks, 600), 570);
  assert.equal(scrollTo([...blocks, { top: 562, bottom: 590 }], 600), 562); // in the column beside
  assert.equal(scrollTo([{ top: 100, bottom: 640 }], 600), 100); // whole once it stands at the top
  assert.equal(scrollTo(blocks, 565), 570); // all that is seen is whole
  assert.equal(scrollTo([{ top: 0, bottom: 2000 }], 600), 510); // too high itself: most of a screen
});

test("a heading and a control go along with what they belong to", () => {
  const [text, heading, slider, chart] = [
    { top: 0, bottom: 320 },
    { top: 330, bottom: 370, leads: true },
    { top: 380, bottom: 440, leads: true },
    { top: 450, bottom: 800 },
  ];
  assert.equal(scrollTo([text, heading, slider, chart], 500), 330);
  assert.equal(scrollTo([text, { ...heading, leads: false }, slider, chart], 500), 380);
  const highChart = { top: 450, bottom: 900 };
  assert.equal(scrollTo([text, heading, slider, highChart], 500), 380); // with its own control only
  const beside = { top: 340, bottom: 430 }; // in the next column
  assert.equal(scrollTo([text, heading, slider, beside, chart], 500), 450);
  const said = { top: 450, bottom: 490 }; // a line between the control and what it changes
  const lower = { top: 500, bottom: 800 };
  assert.equal(scrollTo([text, heading, slider, said, lower], 560), 330);
  assert.equal(scrollTo([text, heading, slider, { ...said, bottom: 540 }, { top: 550, bottom: 900 }], 600), 550);
  const high = [{ top: 40, bottom: 80, leads: true }, { top: 90, bottom: 900 }];
  assert.ok(scrollTo(high, 500) > 80); // it has been seen at the top
});

test("room at a page's end is nothing to go on to", () => {
  assert.ok(goesOn([{ bottom: 300 }, { bottom: 620 }], 600));
  assert.ok(!goesOn([{ bottom: 300 }, { bottom: 603 }], 600));
});
