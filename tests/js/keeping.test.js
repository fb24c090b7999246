import assert from "node:assert/strict";
import { test } from "node:test";
import { keep, kept } from "../../ui/components/shared/keeping.js";

/** A browser's storage: one that works, or null for one that refuses. */
function browser(stored, takesCookies = true) {
  const jar = new Map([["other", "x"]]);
  const refuse = () => {
    throw new Error("Access is denied for this document.");
  };
  Object.defineProperty(globalThis, "localStorage", {
    configurable: true,
    get: stored ? () => stored : refuse,
  });
  globalThis.document = {
    get cookie() {
      return [...jar].map((pair) => pair.join("=")).join("; ");
    },
    set cookie(text) {
      const [pair, ...rules] = text.split("; ");
      if (!takesCookies) return;
      const [name, value] = pair.split("=");
      if (rules.includes("Max-Age=0")) jar.delete(name);
      else jar.set(name, value);
      this.rules = rules;
    },
  };
  return jar;
}

test("what is kept in the browser's own storage is in no cookie", () => {
  const stored = new Map();
  const jar = browser({
    getItem: (name) => stored.get(name) ?? null,
    setItem: (name, text) => stored.set(name, text),
    removeItem: (name) => stored.delete(name),
  });
  assert.equal(kept("seat"), "");
  assert.ok(keep("seat", "a.b"));
  assert.equal(kept("seat"), "a.b");
  assert.ok(keep("seat", ""));
  assert.equal(kept("seat"), "");
  assert.equal(jar.size, 1);
});

test("what is full keeps nothing, and no cookie instead", () => {
  const full = () => {
    throw new Error("The quota has been exceeded.");
  };
  const jar = browser({ getItem: () => null, setItem: full, removeItem: () => {} });
  assert.equal(keep("seat", "a.b"), false);
  assert.equal(jar.size, 1);
});

test("where it is blocked a cookie keeps it that no other site's frame knows", () => {
  const jar = browser(null);
  assert.ok(keep("seat", "a.b"));
  assert.ok(jar.has("__Host-seat"));
  const { rules } = globalThis.document;
  for (const rule of ["Secure", "SameSite=None", "Partitioned", "Path=/"])
    assert.ok(rules.includes(rule), rule);
  assert.equal(kept("seat"), "a.b");
  assert.equal(kept("sea"), "");
  assert.ok(keep("seat", ""));
  assert.equal(kept("seat"), "");
});

test("a browser that keeps nothing is found out", () => {
  browser(null, false);
  assert.equal(keep("seat", "a.b"), false);
  assert.equal(kept("seat"), "");
});
