// @ts-check
// A part of a page put into this one, where the two differ.

/** Fetches a page. @param {string} url */
export async function page(url) {
  const answer = await fetch(url, { headers: { accept: 'text/html' }, redirect: 'error' });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), 'text/html');
}

/**
 * What both pages have under an id becomes like the other's; focus, scroll and what was unfolded stay.
 * @param {Document} next
 * @param {string} id
 */
export function swap(next, id) {
  const [old, fresh] = [document.getElementById(id), next.getElementById(id)];
  if (!old || !fresh || old.isEqualNode(fresh)) return;
  const active = document.activeElement;
  const focused = active && old.contains(active) ? active.getAttribute('href') : null;
  const top = old.scrollTop;
  /** @param {HTMLElement} part @returns {HTMLDetailsElement[]} */
  const kept = (part) => [...part.querySelectorAll('details')].filter((one) => 'keep' in one.dataset);
  const open = new Set(kept(old).filter((one) => one.open).map((one) => one.dataset.keep));
  old.replaceWith(document.adoptNode(fresh));
  for (const one of kept(fresh)) one.open = open.has(one.dataset.keep);
  fresh.scrollTop = top;
  if (focused) [...fresh.querySelectorAll('a')].find((link) => link.getAttribute('href') === focused)?.focus({ preventScroll: true });
}
