// @ts-check
// Rows in the page: those that are wanted, in order, each made once.

/**
 * @param {HTMLElement} block
 * @param {Map<number, HTMLElement>} drawn what is there
 * @param {number} from
 * @param {number} to the last one
 * @param {(row: number) => HTMLElement} draw
 */
export function put(block, drawn, from, to, draw) {
  for (const [row, element] of drawn) {
    if (row >= from && row <= to) continue;
    drawn.delete(row);
    element.remove();
  }
  let next = block.firstChild;
  for (let row = from; row <= to; row += 1) {
    const known = drawn.get(row);
    if (known && known === next) {
      next = next.nextSibling;
      continue;
    }
    const element = known ?? draw(row);
    drawn.set(row, element);
    block.insertBefore(element, next);
  }
}
