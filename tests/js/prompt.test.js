import assert from "node:assert/strict";
import { test } from "node:test";
import {
  countWords,
  cutWords,
  endOf,
  lengthOf,
  visible,
} from "../../ui/components/prompt_editor/text.js";

test("every kind of line break is seen, each once", () => {
  assert.equal(visible("a\nb\r\nc\rd\u2028e\u2029\n\nf"), "a⏎b⏎c⏎d⏎e⏎⏎⏎f");
  assert.equal(visible("⏎ \\n"), "⏎ \\n"); // as they were typed
});

test("a text that is too long keeps its end, and no emoji is cut in two", () => {
  assert.equal(endOf("abcdef", 4), "cdef");
  assert.equal(endOf("abc", 4), "abc");
  assert.equal(endOf("🦆🦆🦆b", 2), "🦆b");
  assert.equal(lengthOf("🦆é⏎"), 3); // as Python counts them
});

test("what is said of it", () => {
  assert.equal(countWords(84, 2000), "84 of 2,000");
  assert.equal(cutWords(2431, 2000), "That made 2,431 characters. The last 2,000 are kept.");
});
