// @ts-check
// Where the app is, below which it answers requests of its own.

/**
 * Where the app is: the address of a page without the page's own name.
 * @param {string} href of a page
 * @param {string | undefined} told what the server has said, see ui/app/page_address.py
 */
export function baseOf(href, told) {
  return told || new URL(".", href).href;
}

/** The same for the page that is open. */
export const base = () =>
  baseOf(location.href, /** @type {any} */ (window).__streamlit?.BACKEND_BASE_URL);
