// @ts-check
// One step's log. The page comes with some of its lines; the rest is asked for when it is looked at, and what is written
// now comes by itself.

import { ask } from './ask.js';
import { Bar } from './bar.js';
import { Find } from './find.js';
import { Folding } from './folding.js';
import { Follow } from './follow.js';
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
    const data = this.log.dataset;
    this.live = 'live' in data;
    this.trouble = Number(data.trouble ?? 0);
    this.stop = new AbortController();
    const { signal } = this.stop;
    this.pages = new Pages((from, count) => this.ask('lines', { from: String(from), count: String(count) }), Number(data.next) - 1, Number(data.total));
    this.pages.onload = () => {
      for (const line of this.lines('.awaited')) this.forget(line);
      this.view.render();
    };
    this.folding = new Folding(this);
    this.folds = this.folding.folds;
    for (const cut of pane.querySelectorAll('.cut')) cut.remove();
    this.bar = new Bar(bar, this, signal);
    this.view = new View(this.log, {
      rows: () => this.folds.rows,
      draw: (row) => this.draw(this.folds.line(row)),
      shown: () => {
        for (const line of this.lines('.awaited')) this.pages.want(line, line);
        this.find?.shown();
      },
    }, signal);
    this.find = new Find(bar, {
      ask: (query) => this.ask('search', query),
      go: (line) => this.go(line),
      first: () => this.folds.line(this.view.first()),
      rows: () => this.drawn(),
      total: () => this.pages.ended,
    }, signal);
    this.follow = new Follow(/** @type {HTMLElement} */ (pane.querySelector('.follow')), this, signal);
    this.tail = new Tail(this.log, this.pages, { came: () => this.came(), over: () => this.over() });
    this.bar.dress();
    if (this.bar.looks.stamps !== 'off') this.view.forget();
    this.listen(signal);
    this.redraw();
    this.begin();
    this.folding.look();
  }

  /** @param {AbortSignal} signal */
  listen(signal) {
    addEventListener('hashchange', () => this.jump(), { signal });
    document.addEventListener('visibilitychange', () => this.live && this.tail.visible(), { signal });
    this.log.addEventListener('click', (event) => {
      const target = /** @type {HTMLElement} */ (event.target);
      const button = /** @type {HTMLElement | null} */ (target.closest('button.fold'));
      if (button) this.folding.toggle(Number(button.dataset.line));
      const anchor = target.closest('.l > a');
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
    this.follow.paused = jumped || Boolean(asked);
    this.follow.set(this.live && !this.follow.paused);
    if (!jumped && asked) this.go(Math.min(asked, this.pages.total));
    else if (!this.live && !jumped && this.trouble) this.view.go(this.folds.row(this.trouble));
    else if (!this.live && !jumped && 'bad' in this.log.dataset) this.view.bottom();
    if (this.live) this.tail.visible();
    this.timer = setInterval(() => this.live && this.grown(), COUNTED);
  }

  /** More may be found and folded. */
  grown() {
    this.find.grown();
    this.folding.look();
  }

  close() {
    this.stop.abort();
    this.tail.close();
    clearInterval(this.timer);
  }

  /** @param {string} what @param {Record<string, string>} query */
  ask(what, query) {
    return ask(this.log.dataset.log ?? '', what, query, this.stop.signal);
  }

  /** @param {number} number */
  draw(number) {
    const line = this.pages.get(number);
    const begin = Number(this.log.dataset.begin ?? line?.time);
    const element = draw(number, line, line ? stamp(this.bar.looks.stamps, line.time, begin) : '');
    if (number === this.trouble) element.classList.add('trouble');
    if (this.marked && number >= this.marked[0] && number <= this.marked[1]) element.classList.add('marked');
    if (line) this.folding.dress(element, number);
    return element;
  }

  /** The lines that are in the page, and as what. */
  drawn() {
    return new Map([...this.view.drawn].map(([row, element]) => [this.folds.line(row), element]));
  }

  /** Lines in the page that are as a selector says. @param {string} selector */
  lines(selector) {
    return [...this.view.block.querySelectorAll(selector)].map((row) => Number(row.id.slice(1)));
  }

  /** @param {number} line */
  forget(line) {
    this.view.forget(this.folds.row(line));
  }

  /** Lines came. */
  came() {
    document.getElementById('quiet')?.setAttribute('hidden', '');
    this.folds.grow(this.pages.total);
    for (const line of [this.drawnRest ?? 0, ...this.lines('[data-unfinished]')]) this.forget(line);
    this.drawnRest = this.pages.total;
    this.redraw();
  }

  over() {
    this.live = false;
    this.follow.over();
    this.grown();
    this.folding.look(true);
    this.pane.dispatchEvent(new CustomEvent('log-end', { bubbles: true }));
  }

  /** Draws what is seen anew. */
  redraw() {
    this.log.style.setProperty('--digits', String(String(this.pages.total).length));
    if (this.follow.on) this.view.bottom();
    else this.view.render();
  }

  /** Goes to a line that says what went wrong. @param {number} line */
  troubled(line) {
    for (const one of [this.trouble, line]) this.forget(one);
    this.trouble = line;
    this.go(line);
  }

  /** @param {number} line */
  go(line) {
    this.follow.set(false);
    this.folding.reveal(line);
    this.view.go(this.folds.row(line));
  }

  mark() {
    this.marked = named(location.hash);
    for (const [line, element] of this.drawn()) element.classList.toggle('marked', Boolean(this.marked && line >= this.marked[0] && line <= this.marked[1]));
  }

  /** Goes to the line that the address names. */
  jump() {
    this.mark();
    if (!this.marked || this.marked[0] > this.pages.total || !this.marked[0]) return false;
    this.go(this.marked[0]);
    return true;
  }
}
