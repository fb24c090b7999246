// @ts-check
// How much of the page is seen.

export const PAGE = '[data-testid="stMain"]'; // what scrolls: the window doesn't
export const BAR = ".st-key-study_bar";

/** Where the page begins below the bar; nothing where the bar scrolls with it. @returns {number | undefined} */
function lowerEdgeOfBar() {
  const bar = document.querySelector(BAR);
  const stays = bar?.parentElement && getComputedStyle(bar.parentElement).position === "sticky";
  return stays ? bar.getBoundingClientRect().bottom : undefined;
}

/** Of a page, on the screen; null while there is none. */
export function seenOfPage() {
  const box = document.querySelector(PAGE)?.getBoundingClientRect();
  if (!box) return null;
  const top = lowerEdgeOfBar() ?? box.top;
  return { left: box.left, top, width: box.width, height: box.bottom - top };
}
