import assert from "node:assert/strict";
import { test } from "node:test";
import { chance, clamp, exact, figures, part, percent, rounded } from "../../ui/components/shared/numbers.js";

test("a share as percent has a real minus sign", () => {
  assert.equal(percent(0.12345), "12.3%");
  assert.equal(percent(-0.5), "−50.0%");
  assert.equal(percent(1), "100.0%");
  assert.equal(percent(0.666, 0), "67%");
  assert.equal(percent(-0.0003), "0.0%"); // what is rounded to zero has none
  assert.equal(percent(-0.005), "−0.5%");
});

test("exact keeps about three digits of any size", () => {
  assert.equal(exact(0), "0");
  assert.equal(exact(0.0625), "0.0625");
  assert.equal(exact(-1.5), "−1.500");
  assert.equal(exact(9.9994), "9.999");
  assert.equal(exact(10), "10.0");
  assert.equal(exact(1234.4), "1,234");
  assert.equal(exact(99999), "99,999");
});

test("what is very small or large has a power of ten", () => {
  assert.equal(exact(0.00049), "4.9·10⁻⁴");
  assert.equal(exact(-0.00002), "−2.0·10⁻⁵");
  assert.equal(exact(100000), "1.0·10⁵");
  assert.equal(exact(3.14e12), "3.1·10¹²");
});

test("figures are those of Python's .3g", () => {
  const cases = [
    [0, "0"], [4, "4"], [0.0314, "0.0314"], [-1.2345, "−1.23"], [99.96, "100"], [999.7, "1,000"],
    [-2269.9, "−2,270"], [0.00010009, "0.0001"], [0.000031234, "3.12·10⁻⁵"], [-0.00002, "−2·10⁻⁵"],
  ];
  for (const [x, wanted] of cases) assert.equal(figures(x), wanted);
});

test("digits after the point are as many as are asked for", () => {
  assert.equal(rounded(-2.346, 2), "−2.35");
  assert.equal(rounded(7, 0), "7");
});

test("only a probability of 0 is shown as 0", () => {
  assert.equal(chance(0), "0%");
  assert.equal(chance(1 / 50257), "0.0020%");
  assert.equal(chance(0.001), "0.10%"); // beside 0.52%
  assert.equal(chance(0.0052), "0.52%");
  assert.equal(chance(0.00999), "1.0%");
  assert.equal(chance(1e-9), "<0.0001%");
  assert.equal(chance(0.987), "98.7%");
  assert.equal(chance(0.9998), "99.98%");
  assert.equal(chance(0.99999), ">99.99%");
  assert.equal(chance(1), ">99.99%");
  assert.equal(part(1), "100%");
  assert.equal(part(0.99999), ">99.99%");
  assert.equal(chance(1 / 16), "6.3%");
});

test("a place outside goes to the edge", () => {
  assert.deepEqual(
    [-1, 0, 4, 5].map((place) => clamp(place, 5)),
    [0, 0, 4, 4],
  );
});
