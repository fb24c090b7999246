// @ts-check
// What an address says of a class. Addresses are URLs as the browser gives them.

const LEFT_OUT = new Set(["present", "lock", "code", "embed", "embed_options"]);
const CONSOLE = "classroom"; // the lesson at which the teacher's own panels are

/**
 * A seat in the part of an address that browsers keep to themselves, `#seat=id.secret`.
 * @param {string} hash
 * @returns {string} "" if there is none
 */
export function seatIn(hash) {
  return /^#seat=([0-9a-f]{16}\.[\w-]{1,64})$/.exec(hash)?.[1] ?? "";
}

/**
 * What a teacher's page shows, as the class follows it.
 * @param {string} href
 * @param {string} base
 * @returns {{ lesson: string, query: Record<string, string> } | null} null for what nobody follows
 */
export function viewAt(href, base) {
  const url = new URL(href);
  const below = new URL(base).pathname;
  const lesson = (url.pathname + "/").replace(below, "").replace(/\/+$/, "");
  /** @type {Record<string, string>} */
  const query = {};
  for (const [name, text] of url.searchParams) if (!LEFT_OUT.has(name)) query[name] = text;
  if (lesson === CONSOLE && !("board" in query)) return null;
  return { lesson, query };
}
