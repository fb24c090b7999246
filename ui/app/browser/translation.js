// @ts-check
// A page that a browser translates stays whole.
//
// A translator puts a <font> with its own words where a text was. React, which draws the page, knows
// nothing of it: it removes, moves and rewrites the texts that it has made, which are no longer where
// it left them. By itself that raises NotFoundError, and then the page is gone; or a new number is
// written into a text that nobody sees. So texts are led back to where their translation stands.

// What is not to be translated: symbols, numbers, and what scripts draw.
const SYMBOLS = [
  ...["code", "pre", "canvas", "svg", "bdi", "kbd", "sub", "input", "textarea"],
  ...[".katex", ".js-plotly-plot", ".vega-embed", ".chips", ".token"],
  ...["[data-testid=stMetricValue]", "[data-testid=stDataFrame]", "[data-testid=stIconMaterial]"],
].join();

/** @type {WeakMap<Node, ChildNode>} what a translator has put in a text's place */
const translations = new WeakMap();

/** @param {Node} node @returns {node is HTMLElement} */
const isTranslation = (node) => node.nodeName === "FONT";

/**
 * The child of a parent that stands for a node which React takes for its child; null: none does.
 * @param {Node} parent
 * @param {Node} node
 * @returns {ChildNode | null}
 */
function standIn(parent, node) {
  /** @type {Node | null} */
  let place = translations.get(node) ?? node;
  while (place && place.parentNode !== parent)
    place = place.parentNode && isTranslation(place.parentNode) ? place.parentNode : null;
  return /** @type {ChildNode | null} */ (place);
}

/** Put a text back in the place of its translation. @param {Text} text */
function comeBack(text) {
  const parent = translations.get(text)?.parentNode;
  const outer = parent ? standIn(outside(parent), text) : null;
  translations.delete(text);
  outer?.replaceWith(text);
}

/** What a translation stands in. @param {Node} node @returns {Node} */
const outside = (node) => (isTranslation(node) && node.parentNode ? outside(node.parentNode) : node);

/** Replace what React calls, in the page alone: a translator has its own. */
function mendNode() {
  const { removeChild, insertBefore } = Node.prototype;
  const value = /** @type {any} */ (Object.getOwnPropertyDescriptor(Node.prototype, "nodeValue"));
  /** @type {any} */ (Node.prototype).removeChild = function (/** @type {Node} */ child) {
    if (child.parentNode === this) return removeChild.call(this, child);
    const place = standIn(this, child);
    if (place) removeChild.call(this, place);
    else if (!(child instanceof Node)) return removeChild.call(this, child);
    return child;
  };
  /** @type {any} */ (Node.prototype).insertBefore = function (
    /** @type {Node} */ added,
    /** @type {Node | null} */ next,
  ) {
    const lost = next instanceof Node && next.parentNode !== this;
    return insertBefore.call(this, added, lost ? standIn(this, next) : next);
  };
  Object.defineProperty(Node.prototype, "nodeValue", {
    ...value,
    set(text) {
      if (translations.has(this)) comeBack(this);
      value.set.call(this, text);
    },
  });
}

/** @param {MutationRecord} record */
function notice({ addedNodes, removedNodes, previousSibling, nextSibling }) {
  for (const text of removedNodes) {
    if (text.nodeType !== Node.TEXT_NODE || text.isConnected) continue;
    const beside = [...addedNodes, nextSibling, previousSibling];
    const translation = beside.find((node) => node && isTranslation(node));
    if (translation) translations.set(text, /** @type {ChildNode} */ (translation));
  }
  for (const node of addedNodes) if (node instanceof Element) mark(node);
}

/** @param {Element} added */
function mark(added) {
  if (added.closest("[translate=no]")) return;
  for (const symbol of [added, ...added.querySelectorAll(SYMBOLS)])
    if (symbol !== added || symbol.matches(SYMBOLS)) symbol.setAttribute("translate", "no");
}

/** @param {Document} page */
export function survive(page) {
  mendNode();
  const observer = new MutationObserver((records) => records.forEach(notice));
  observer.observe(page, { childList: true, subtree: true });
}
