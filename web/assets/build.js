// @ts-check
// A build's page, live. The stream says that something changed; what it looks like is asked of the server, which
// alone knows how to draw it. Only parts that differ are replaced.

import { held } from './held.js';
import { keys } from './keys.js';
import { Log } from './log.js';
import { tick } from './page.js';
import { page, swap } from './swap.js';
import './watch.js';

const build = /** @type {HTMLElement} */ (document.getElementById('build'));
/** @type {Log | null} */
let log = null;
let asking = false;
let again = false;
/** @type {EventSource | null} */
let source = null;
let failures = 0;

/** What the address says but for the line. */
const where = () => location.pathname + location.search;
let shown = where();

const pane = () => document.getElementById('pane');

function open() {
  log?.close();
  const there = pane();
  log = there ? new Log(there) : null;
}

/**
 * Makes this page like the next one.
 * @param {Document} next
 * @param {boolean} withLog
 */
function apply(next, withLog) {
  const fresh = next.getElementById('build');
  if (!fresh || !next.getElementById('pane') !== !pane() || Boolean(next.querySelector('.diagnostics')) !== Boolean(document.querySelector('.diagnostics'))) {
    location.reload();
    return;
  }
  const was = 'final' in build.dataset;
  build.toggleAttribute('data-final', 'final' in fresh.dataset);
  const { title, icon } = /** @type {HTMLElement} */ (next.getElementById('head')).dataset;
  document.title = title ?? '';
  const link = /** @type {HTMLLinkElement} */ (document.getElementById('icon'));
  if (icon && link.getAttribute('href') !== icon) link.href = icon;
  const hold = log && !log.follow.on ? held(pane()) : () => {};
  for (const id of ['head', 'panels', 'panel']) swap(next, id);
  const is = 'final' in build.dataset;
  if (was !== is) build.dispatchEvent(new Event(is ? 'build-end' : 'build-again'));
  swap(next, 'notes');
  swap(next, 'steps');
  const there = pane();
  if (!there) return;
  const moved = there.dataset.key !== next.getElementById('pane')?.dataset.key;
  if (moved || withLog) {
    swap(next, 'pane');
    scrollTo({ top: Math.min(scrollY, document.getElementById('head')?.offsetTop ?? 0) });
    open();
  } else {
    swap(next, 'pane-head');
    const quiet = document.getElementById('quiet');
    if (quiet) quiet.textContent = next.getElementById('quiet')?.textContent ?? '';
    hold();
  }
  tick();
}

/** Draws the present state. While one answer is awaited, any number of changes make one more question. */
async function refresh() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    do {
      again = false;
      apply(await page(opened('chosen' in build.dataset || log?.follow.paused ? here() : home())), false);
    } while (again);
  } catch {
    again = false;
  } finally {
    asking = false;
  }
  if ('final' in build.dataset) unsubscribe();
  else subscribe();
}

/** The page of the step that is shown. */
const here = () => /** @type {HTMLElement | null} */ (pane()?.querySelector('#log') ?? null)?.dataset.page ?? home();

/** The page that chooses by itself what it shows. */
const home = () => build.dataset.page ?? location.href;

/** An address with what is open above the log now. @param {string} url */
function opened(url) {
  const full = new URL(url, location.href);
  const show = new URLSearchParams(location.search).get('show');
  if (show) full.searchParams.set('show', show);
  else full.searchParams.delete('show');
  return full.href;
}

/** Opens or closes a part above the log, which stays as it is. @param {HTMLAnchorElement} link */
function unfold(link) {
  if (log?.live) log.follow.set(false);
  history.replaceState(history.state, '', link.href + location.hash);
  shown = where();
  refresh();
}

/** Shows another step without leaving the page. @param {string} url @param {boolean} push */
async function show(url, push) {
  if (push) url = opened(url);
  try {
    const next = await page(url);
    build.dataset.chosen = '';
    if (push) history.pushState(null, '', url);
    shown = where();
    apply(next, true);
  } catch {
    location.href = url;
  }
}

function subscribe() {
  if (source) return;
  source = new EventSource(build.dataset.stream ?? '');
  source.onmessage = () => {
    failures = 0;
    refresh();
  };
  source.onerror = () => {
    if (source?.readyState !== EventSource.CLOSED) return;
    unsubscribe();
    setTimeout(subscribe, Math.min(500 * 2 ** failures++, 8000));
  };
}

function unsubscribe() {
  source?.close();
  source = null;
}

build.addEventListener('click', (event) => {
  /** @type {HTMLAnchorElement | null | undefined} */
  const link = /** @type {Element} */ (event.target).closest?.('a[data-step], a[data-panel], .attempts a, .waterfall a, .failures a');
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if ('panel' in link.dataset) unfold(link);
  else show(link.href, true);
});
build.addEventListener('log-end', refresh);
addEventListener('popstate', () => {
  // Another line of the same log is the log's own matter.
  if (shown !== where()) show(location.href, false);
});

keys({
  step(by) {
    const links = /** @type {HTMLAnchorElement[]} */ ([...document.querySelectorAll('a[data-step]')]);
    const at = links.findIndex((link) => link.getAttribute('aria-current'));
    const next = links[Math.min(links.length - 1, Math.max(0, at + by))];
    if (next && links[at] !== next) show(next.href, true);
  },
  follow: () => { if (log?.live) log.follow.set(!log.follow.on); },
});

/** Whether the page opens elsewhere than at its top: then it must not be seen before it is there. */
const moves = () => Boolean(location.hash || pane()?.querySelector('[data-live], [data-bad], [data-trouble]'));

function begin() {
  open();
  // Who asked for what is above the log sees that first, and who is asked for something.
  const above = !document.getElementById('panel')?.hidden || document.querySelector('.approval');
  if (above && !location.hash) scrollTo(0, 0);
}

// What came can be read without this: it is painted first.
if (moves() || document.hidden || !PerformanceObserver.supportedEntryTypes.includes('paint')) {
  begin();
} else {
  const painted = new PerformanceObserver(() => {
    painted.disconnect();
    begin();
  });
  painted.observe({ type: 'paint', buffered: true });
}
if (!('final' in build.dataset)) subscribe();
// Bars of what runs grow.
setInterval(() => {
  if (source && !document.hidden && document.querySelector('#panel .waterfall')) refresh();
}, 3000);
