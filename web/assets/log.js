// @ts-check
// One step's log. The page comes with some of its lines; the rest is asked for when it is looked at, and what is written
// now comes by itself.

import { Bar } from './bar.js';
import { Find } from './find.js';
import { addressed, draw, named } from './lines.js';
import { Pages } from './pages.js';
import { stamp } from './stamps.js';
import { Tail } from './tail.js';
import { View } from './view.js';

/** How often what came is counted into a search, in milliseconds. */
const COUNTED = 1000;

export class Log {
  /** @param {HTMLElement} pane */
  constructor(pane) {
    this.pane = pane;
    this.log = /** @type {HTMLElement} */ (pane.querySelector('#log'));
    const bar = /** @type {HTMLElement} */ (pane.querySelector('#logbar'));
    this.button = /** @type {HTMLElement} */ (pane.querySelector('.follow'));
    const data = this.log.dataset;
    this.live = 'live' in data;
    this.trouble = Number(data.trouble ?? 0);
    this.stop = new AbortController();
    const { signal } = this.stop;
    this.pages = new Pages((from, count) => this.ask('lines', { from: String(from), count: String(count) }), Number(data.next) - 1, Number(data.total));
    this.pages.onload = () => {
      for (const row of this.view.block.querySelectorAll('.awaited')) this.view.forget(Number(row.id.slice(1)));
      this.view.render();
    };
    for (const cut of pane.querySelectorAll('.cut')) cut.remove();
    this.button.hidden = !this.live;
    this.bar = new Bar(bar, this, signal);
    this.view = new View(this.log, {
      rows: () => this.pages.total,
      draw: (row) => this.draw(row),
      shown: (from, to) => {
        if (this.view.block.querySelector('.awaited')) this.pages.want(from, to);
        this.find?.shown();
      },
    }, signal);
    this.find = new Find(bar, {
      ask: (query) => this.ask('search', query),
      go: (line) => this.go(line),
      first: () => this.view.first(),
      rows: () => this.view.drawn,
      total: () => this.pages.ended,
    }, signal);
    this.tail = new Tail(this.log, this.pages, { came: () => this.came(), over: () => this.over() });
    this.bar.dress();
    if (this.bar.looks.stamps !== 'off') this.view.forget();
    this.listen(signal);
    this.redraw();
    this.begin();
  }

  /** @param {AbortSignal} signal */
  listen(signal) {
    addEventListener('hashchange', () => this.jump(), { signal });
    addEventListener('scroll', () => this.scrolled(), { signal, passive: true });
    document.addEventListener('visibilitychange', () => this.live && this.tail.visible(), { signal });
    this.button.addEventListener('click', () => this.follow(!this.following), { signal });
    this.log.addEventListener('click', (event) => {
      const anchor = /** @type {HTMLElement} */ (event.target).closest('.l > a');
      if (!anchor) return;
      event.preventDefault();
      history.replaceState(history.state, '', addressed(location.hash, Number(anchor.textContent), event.shiftKey));
      this.mark();
    }, { signal });
  }

  /** Shows what matters first: the line of the address, what went wrong, or the end of what is written. */
  begin() {
    const asked = Number(new URLSearchParams(location.search).get('line') ?? 0);
    const jumped = this.jump();
    // Somebody reads here: the page must not go on to another step.
    this.paused = jumped || Boolean(asked);
    this.follow(this.live && !this.paused);
    if (!jumped && asked) this.go(Math.min(asked, this.pages.total));
    else if (!this.live && !jumped && this.trouble) this.view.go(this.trouble);
    else if (!this.live && !jumped && 'bad' in this.log.dataset) this.view.bottom();
    if (this.live) this.tail.visible();
    this.timer = setInterval(() => this.live && this.find.grown(), COUNTED);
  }

  close() {
    this.stop.abort();
    this.tail.close();
    clearInterval(this.timer);
  }

  /** @param {string} what @param {Record<string, string>} query */
  async ask(what, query) {
    const url = new URL(this.log.dataset.log ?? '', location.href);
    url.pathname += `/${what}`;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const answer = await fetch(url, { signal: this.stop.signal });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.error ?? `status ${answer.status}`);
    return body;
  }

  /** @param {number} row */
  draw(row) {
    const line = this.pages.get(row);
    const begin = Number(this.log.dataset.begin ?? line?.time);
    const element = draw(row, line, line ? stamp(this.bar.looks.stamps, line.time, begin) : '');
    if (row === this.trouble) element.classList.add('trouble');
    if (this.marked && row >= this.marked[0] && row <= this.marked[1]) element.classList.add('marked');
    return element;
  }

  /** Lines came. */
  came() {
    /** @type {HTMLElement} */ (document.getElementById('quiet')).hidden = true;
    this.view.forget(this.drawnRest);
    for (const row of this.view.block.querySelectorAll('[data-unfinished]')) this.view.forget(Number(row.id.slice(1)));
    this.drawnRest = this.pages.total;
    this.redraw();
  }

  over() {
    this.live = false;
    this.following = false;
    this.button.hidden = true;
    this.find.grown();
    this.pane.dispatchEvent(new CustomEvent('log-end', { bubbles: true }));
  }

  /** Draws what is seen anew. */
  redraw() {
    this.log.style.setProperty('--digits', String(String(this.pages.total).length));
    if (this.following) this.view.bottom();
    else this.view.render();
  }

  /** Goes to a line that says what went wrong. @param {number} line */
  troubled(line) {
    for (const row of [this.trouble, line]) this.view.forget(row);
    this.trouble = line;
    this.go(line);
  }

  /** @param {number} line */
  go(line) {
    this.follow(false);
    this.view.go(line);
  }

  mark() {
    this.marked = named(location.hash);
    for (const [row, element] of this.view.drawn) element.classList.toggle('marked', Boolean(this.marked && row >= this.marked[0] && row <= this.marked[1]));
  }

  /** Goes to the line that the address names. */
  jump() {
    this.mark();
    if (!this.marked || this.marked[0] > this.pages.total || !this.marked[0]) return false;
    this.go(this.marked[0]);
    return true;
  }

  /** @param {boolean} on */
  follow(on) {
    if (on && !this.live) return;
    this.following = on;
    if (this.live) this.paused = !on;
    this.button.setAttribute('aria-pressed', String(on));
    this.button.textContent = on ? 'Following' : 'Follow';
    if (on) this.view.bottom();
    this.last = scrollY;
  }

  /** Scrolling up pauses, scrolling to the end goes on. */
  scrolled() {
    const end = innerHeight + scrollY >= document.documentElement.scrollHeight - 4;
    if (this.live && !this.following && end && scrollY > (this.last ?? 0)) this.follow(true);
    else if (this.following && scrollY < (this.last ?? 0) - 4 && !end) this.follow(false);
    this.last = scrollY;
  }
}
