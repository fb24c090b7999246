// Before a class letters are large and nothing stands at the side, before the page's styles come.
import assert from "node:assert/strict";
import { test } from "node:test";
import { enlarge } from "../../ui/app/browser/projector.js";

/** What an address makes of a page. @param {string} query */
function made(query) {
  const names = new Set();
  const root = { style: { fontSize: "" }, classList: names };
  enlarge(/** @type {any} */ (root), query);
  return [root.style.fontSize, ...names];
}

test("only an address that says so is a projector's", () => {
  assert.deepEqual(made("?present=1"), ["23px", "presents"]);
  for (const query of ["", "?present=0", "?prompt=present"]) assert.deepEqual(made(query), [""]);
});
