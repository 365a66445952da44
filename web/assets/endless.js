// @ts-check
// A list without an end: before the reader comes to the link to the next page, its rows are here. Without this module
// the link is the way.

import { tick } from './page.js';

/**
 * @param {string} id the part of the page that has the rows and the link
 * @param {string} rows selects what holds the rows
 */
export function endless(id, rows) {
  const part = () => document.getElementById(id);
  let busy = false;
  let more = false;
  const watch = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && load(), { rootMargin: '600px' });
  const next = () => part()?.querySelector('a[rel="next"]');
  async function load() {
    const link = next();
    if (busy || !(link instanceof HTMLAnchorElement)) return;
    busy = true;
    try {
      const answer = await fetch(link.href, { headers: { accept: 'text/html' }, redirect: 'error' });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById(id);
      const fresh = [...(page?.querySelectorAll(`${rows} > *`) ?? [])];
      part()?.querySelector(rows)?.append(...fresh.map((row) => document.adoptNode(row)));
      const following = page?.querySelector('a[rel="next"]');
      if (following) link.href = following.getAttribute('href') ?? '';
      else link.remove();
      more = true;
      tick();
    } catch {
      // The link still leads there.
      watch.disconnect();
    }
    busy = false;
    start();
  }
  function start() {
    const link = next();
    watch.disconnect();
    if (link) watch.observe(link);
  }
  start();
  return {
    /** Whether there is more on the page than the server's first answer. */
    grown: () => more || busy,
    start,
  };
}
