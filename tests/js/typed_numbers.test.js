// Numbers as people type them are read as meant or refused, and never taken for another.

import assert from "node:assert/strict";
import { test } from "node:test";
import { meant } from "../../ui/app/browser/numbers.js";

const RATES = {
  "0,01": "0.01",
  "0.01": "0.01",
  ",5": ".5",
  "−0,5": "-0.5",
  "1e-3": "1e-3",
  "1.234,5": "1234.5",
  "1,234.5": "1234.5",
  "1 234,5": "1234.5",
  "1.234.567": "1234567",
  "1.125": "1.125",
  "０，０１": "0.01",
  "１２": "12",
  "12": "12",
  "": "",
  "1,000": null,
  "1.000": null,
  "1,234": null,
};
const COUNTS = {
  "1.000": "1000",
  "1,000": "1000",
  "12.345.678": "12345678",
  "1 000": "1000",
  "1'000": "1000",
  "１０００": "1000",
  "300": "300",
  "3.0": "3.0",
  "-5": "-5",
  "0,01": null,
  "2.5": null,
};

for (const [kind, whole, cases] of [["of any kind", false, RATES], ["whole", true, COUNTS]])
  test(`numbers ${kind}`, () => {
    for (const [typed, wanted] of Object.entries(cases))
      assert.equal(meant(typed, whole), wanted, typed);
  });
