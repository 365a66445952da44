// @ts-check
// Colours matches in rows, without a change of the page's elements.

/** @typedef {{ line: number, column: number, length: number }} Match columns and lengths are in UTF-16 units */

/**
 * Colours what is found, in place of what was coloured before.
 * @param {Iterable<[number, HTMLElement]>} rows
 * @param {(line: number) => Match[]} found
 * @param {Match | undefined} now the one that is shown
 */
export function colour(rows, found, now) {
  if (!('highlights' in CSS)) return;
  const [all, one] = [new Highlight(), new Highlight()];
  for (const [line, row] of rows) {
    for (const match of found(line)) {
      const range = place(row, match);
      if (range) (now && match.line === now.line && match.column === now.column ? one : all).add(range);
    }
  }
  CSS.highlights.set('found', all);
  CSS.highlights.set('found-now', one);
}

/** A match in a row. @param {HTMLElement} row @param {Match} match */
function place(row, { column, length }) {
  const text = row.querySelector(':scope > span');
  if (!text) return null;
  const walk = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  const range = new Range();
  let begun = false;
  for (let at = 0, node = walk.nextNode(); node; node = walk.nextNode()) {
    const end = at + /** @type {Text} */ (node).length;
    if (!begun && column < end) {
      range.setStart(node, column - at);
      begun = true;
    }
    if (begun && column + length <= end) {
      range.setEnd(node, column + length - at);
      return range;
    }
    at = end;
  }
  return null;
}
