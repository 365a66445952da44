// @ts-check
// Lists that follow the server: it says that something changed, the page is asked for again, and what differs is
// replaced in place, so that nothing jumps under the pointer.

import { tick } from './page.js';

/** @param {Element} element */
const key = (element) => element.getAttribute('data-key');

/**
 * Makes an element like another one. Children with `data-key` are found again by it.
 * @param {Element} old
 * @param {Element} fresh
 * @param {boolean} still whether children stay where they are, and none comes or goes
 */
export function morph(old, fresh, still) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeName !== fresh.nodeName || (!fresh.children.length && !old.children.length) || !old.children.length) {
    old.replaceWith(document.adoptNode(fresh));
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const keyed = new Map([...old.children].filter(key).map((child) => [key(child), child]));
  if (!keyed.size && old.children.length === fresh.children.length && old.childNodes.length === fresh.childNodes.length) {
    const texts = [...old.childNodes];
    [...fresh.childNodes].forEach((node, at) => {
      const own = texts[at];
      if (own instanceof Element && node instanceof Element) morph(own, node, still);
      else if (!own.isEqualNode(node)) own.replaceWith(document.adoptNode(node));
    });
    return;
  }
  if (!keyed.size) {
    if (!still) old.replaceChildren(...[...fresh.childNodes].map((node) => document.adoptNode(node)));
    return;
  }
  const stay = new Set([...fresh.children].map(key));
  if (!still) for (const [name, child] of keyed) if (!stay.has(name)) child.remove();
  /** @type {Element | null} */
  let at = old.firstElementChild;
  for (const child of [...fresh.children]) {
    const known = keyed.get(key(child));
    if (still) {
      if (known) morph(known, child, still);
      continue;
    }
    if (known && known === at) at = at.nextElementSibling;
    else old.insertBefore(known ?? document.adoptNode(child), at);
    if (known) morph(known, child, still);
  }
}

/**
 * Fetches a page and makes parts of this one like it. A part that somebody points at or is in keeps its order.
 * @param {string} url
 * @param {string[]} ids
 * @param {{ still?: boolean, signal?: AbortSignal }} [how]
 */
export async function draw(url, ids, { still = true, signal } = {}) {
  const answer = await fetch(url, { headers: { accept: 'text/html' }, redirect: 'error', signal });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const id of ids) {
    const [old, fresh] = [document.getElementById(id), next.getElementById(id)];
    if (!old || !fresh) continue;
    const held = still && (old.matches(':hover') || old.contains(document.activeElement));
    if (held) old.addEventListener('pointerleave', () => old.dispatchEvent(new Event('late', { bubbles: true })), { once: true });
    morph(old, fresh, held);
  }
  tick();
}

/**
 * Calls back after every change on the server, one call at a time. A hidden tab has no connection.
 * @param {string} url
 * @param {() => Promise<void>} changed
 */
export function follow(url, changed) {
  /** @type {EventSource | null} */
  let source = null;
  let [busy, again, failures] = [false, false, 0];
  async function run() {
    again = busy;
    if (busy) return;
    busy = true;
    try {
      await changed();
    } catch {
      // The next change asks again.
    }
    busy = false;
    if (again) run();
  }
  function set() {
    source?.close();
    source = null;
    if (document.hidden) return;
    const own = new EventSource(url);
    source = own;
    own.onmessage = () => {
      failures = 0;
      run();
    };
    own.onerror = () => {
      if (own.readyState === EventSource.CLOSED) setTimeout(() => source === own && set(), Math.min(500 * 2 ** failures++, 8000));
    };
  }
  document.addEventListener('visibilitychange', set);
  document.addEventListener('late', run);
  set();
}
