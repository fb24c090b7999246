// @ts-check
// What a browser keeps for the app, by name. In a frame on another site it may block its storage:
// there a cookie keeps it, a "partitioned" one, which is known in this app's frames on that one site
// and nowhere else. The server neither sets nor reads it.

const LONGEST = 34_560_000; // seconds, 400 days; no browser keeps a cookie longer

/**
 * @param {string} name
 * @returns {string} "" for nothing
 */
export function kept(name) {
  const storage = ownStorage();
  return storage ? (storage.getItem(name) ?? "") : valueIn(document.cookie, cookieName(name));
}

/**
 * @param {string} name
 * @param {string} text of letters, digits and ". - _" alone; "" takes away what was kept
 * @returns {boolean} whether it is kept: a browser may refuse both
 */
export function keep(name, text) {
  const storage = ownStorage();
  try {
    if (!storage) document.cookie = cookieOf(cookieName(name), text);
    else if (text) storage.setItem(name, text);
    else storage.removeItem(name);
  } catch {
    // It is full: then nothing is kept.
  }
  return kept(name) === text;
}

/** The browser's own storage, if this page may use it. */
function ownStorage() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

/**
 * The prefix lets browsers take it from nobody but this very host.
 * @param {string} name
 */
const cookieName = (name) => `__Host-${name}`;

/**
 * @param {string} name
 * @param {string} text
 */
const cookieOf = (name, text) =>
  `${name}=${text}; Max-Age=${text ? LONGEST : 0}; Path=/; Secure; SameSite=None; Partitioned`;

/**
 * @param {string} cookies as a document tells them
 * @param {string} name
 */
function valueIn(cookies, name) {
  const found = cookies.split("; ").find((cookie) => cookie.startsWith(`${name}=`));
  return found?.slice(name.length + 1) ?? "";
}
