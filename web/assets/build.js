// A build's page, live. The stream says that something changed; what it looks like is asked of the server, which
// alone knows how to draw it. Only parts that differ are replaced.

import { keys } from './keys.js';
import { Log } from './log.js';
import { tick } from './page.js';
import './watch.js';

const build = document.getElementById('build');
let log = null;
let asking = false;
let again = false;
let source = null;
let failures = 0;

const pane = () => document.getElementById('pane');

function open() {
  log?.close();
  log = pane() ? new Log(pane()) : null;
}

/** Fetches a page of this build; navigates to it the plain way when that fails. */
async function page(url) {
  const answer = await fetch(url, { headers: { accept: 'text/html' }, redirect: 'error' });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), 'text/html');
}

/** Puts a part of the new page into this one where they differ; keeps the focus. */
function swap(next, id) {
  const [old, fresh] = [document.getElementById(id), next.getElementById(id)];
  if (!old || !fresh || old.isEqualNode(fresh)) return;
  const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
  const top = old.scrollTop;
  const opened = new Set([...old.querySelectorAll('details[open][data-keep]')].map((one) => one.dataset.keep));
  old.replaceWith(document.adoptNode(fresh));
  fresh.querySelectorAll('details[data-keep]').forEach((one) => { one.open = opened.has(one.dataset.keep); });
  fresh.scrollTop = top;
  if (focused) [...fresh.querySelectorAll('a')].find((link) => link.getAttribute('href') === focused)?.focus({ preventScroll: true });
}

function apply(next, withLog) {
  const fresh = next.getElementById('build');
  if (!fresh || !next.getElementById('pane') !== !pane() || Boolean(next.querySelector('.diagnostics')) !== Boolean(document.querySelector('.diagnostics'))) {
    location.reload();
    return;
  }
  const was = 'final' in build.dataset;
  build.toggleAttribute('data-final', 'final' in fresh.dataset);
  const head = next.getElementById('head');
  document.title = head.dataset.title;
  const icon = document.getElementById('icon');
  if (icon.getAttribute('href') !== head.dataset.icon) icon.href = head.dataset.icon;
  for (const id of ['head', 'panels', 'panel']) swap(next, id);
  const is = 'final' in build.dataset;
  if (was !== is) build.dispatchEvent(new Event(is ? 'build-end' : 'build-again'));
  swap(next, 'notes');
  swap(next, 'steps');
  if (!pane()) return;
  const moved = pane().dataset.key !== next.getElementById('pane').dataset.key;
  if (moved || withLog) {
    swap(next, 'pane');
    scrollTo({ top: Math.min(scrollY, document.getElementById('head').offsetTop) });
    open();
  } else {
    const button = pane().querySelector('.follow');
    swap(next, 'pane-head');
    // The button belongs to the log that is open.
    pane().querySelector('.follow')?.replaceWith(button);
    const [quiet, fresh] = [document.getElementById('quiet'), next.getElementById('quiet')];
    quiet.textContent = fresh.textContent;
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
      apply(await page(opened('chosen' in build.dataset || log?.paused ? here() : build.dataset.page)), false);
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
const here = () => pane()?.querySelector('#log').dataset.page ?? build.dataset.page;

/** An address with what is open above the log now. */
function opened(url) {
  const full = new URL(url, location.href);
  const show = new URLSearchParams(location.search).get('show');
  if (show) full.searchParams.set('show', show);
  else full.searchParams.delete('show');
  return full.href;
}

/** Opens or closes a part above the log, which stays as it is. */
function unfold(link) {
  if (log?.live) log.follow(false);
  history.replaceState(history.state, '', link.href + location.hash);
  refresh();
}

/** Shows another step without leaving the page. */
async function show(url, push) {
  if (push) url = opened(url);
  try {
    const next = await page(url);
    build.dataset.chosen = '';
    if (push) history.pushState(null, '', url);
    apply(next, true);
  } catch {
    location.href = url;
  }
}

function subscribe() {
  if (source) return;
  source = new EventSource(build.dataset.stream);
  source.onmessage = () => {
    failures = 0;
    refresh();
  };
  source.onerror = () => {
    if (source.readyState !== EventSource.CLOSED) return;
    unsubscribe();
    setTimeout(subscribe, Math.min(500 * 2 ** failures++, 8000));
  };
}

function unsubscribe() {
  source?.close();
  source = null;
}

build.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[data-step], a[data-panel], .attempts a, .waterfall a, .failures a');
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if ('panel' in link.dataset) unfold(link);
  else show(link.href, true);
});
build.addEventListener('log-end', refresh);
addEventListener('popstate', () => show(location.href, false));

keys({
  step(by) {
    const links = [...document.querySelectorAll('a[data-step]')];
    const at = links.findIndex((link) => link.getAttribute('aria-current'));
    const next = links[Math.min(links.length - 1, Math.max(0, at + by))];
    if (next && links[at] !== next) show(next.href, true);
  },
  follow: () => log?.live && log.follow(!log.following),
});

open();
// Who asked for what is above the log sees that first.
if (!document.getElementById('panel').hidden && !location.hash) scrollTo(0, 0);
if (!('final' in build.dataset)) subscribe();
// Bars of what runs grow.
setInterval(() => {
  if (source && !document.hidden && document.querySelector('#panel .waterfall')) refresh();
}, 3000);
