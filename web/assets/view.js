// @ts-check
// The part of a log that is seen, as rows. A long log is an element as tall as all of it would be, and in it only the
// rows around the view. One row is pinned: it stays where it is while others come and go around it.

import { put } from './rows.js';
import { Scale } from './scroll.js';

/** Logs up to so many rows are in the page whole. */
export const WHOLE = 400;
/** Rows kept above and below what is seen. */
const AROUND = 30;
/** Milliseconds without scrolling after which it is over, where the browser does not say so. */
const IDLE = 150;

export class View {
  /**
   * @param {HTMLElement} log
   * @param {{ rows: () => number, draw: (row: number) => HTMLElement, shown: (from: number, to: number) => void }} of
   *   rows are counted from 1
   * @param {AbortSignal} signal
   */
  constructor(log, of, signal) {
    this.log = log;
    this.of = of;
    this.block = document.createElement('div');
    this.block.className = 'rows';
    /** @type {Map<number, HTMLElement>} */
    this.drawn = new Map();
    for (const row of /** @type {HTMLElement[]} */ ([...log.querySelectorAll('.l')])) this.drawn.set(Number(row.id.slice(1)), row);
    this.block.append(...this.drawn.values());
    log.replaceChildren(this.block);
    /** The row that stays, and its distance from the view's top. */
    this.pin = { row: 1, y: 0 };
    this.end = false;
    this.top = 0;
    /** The rows that are there. */
    this.from = 1;
    this.to = 1;
    this.idle = 0;
    this.height = 19;
    addEventListener('scroll', () => this.scrolled(), { signal, passive: true });
    addEventListener('scrollend', () => this.settle(), { signal });
    addEventListener('resize', () => this.render(), { signal, passive: true });
    signal.addEventListener('abort', () => clearTimeout(this.idle));
    this.measure();
    this.top = this.above();
  }

  get long() { return this.of.rows() > WHOLE; }

  /** The first row that is seen. */
  first() {
    const head = this.head();
    for (const [row, element] of [...this.drawn].sort(([a], [b]) => a - b)) if (element.getBoundingClientRect().bottom > head) return row;
    return 1;
  }

  measure() {
    const row = this.block.querySelector('.l');
    const line = parseFloat(getComputedStyle(this.log).lineHeight);
    this.height = (row && !this.log.classList.contains('wrapped') ? row.getBoundingClientRect().height : line) || 19;
  }

  /** Where the view begins: below the pane's head, which stays. */
  head() {
    const head = this.log.closest('.pane')?.querySelector('.pane-top');
    return head ? parseFloat(getComputedStyle(head).top) + head.getBoundingClientRect().height : 0;
  }

  scale() { return new Scale(this.of.rows(), this.height, innerHeight - this.head()); }

  /** Pixels of the element above the view. */
  above() {
    return this.head() - this.log.getBoundingClientRect().top;
  }

  /** Moves the window so that so much of the element is above the view. @param {number} top */
  scrollTo(top) {
    const by = Math.round(top - this.above());
    if (by) scrollBy({ top: by, behavior: 'instant' });
    this.top = this.above();
  }

  scrolled() {
    const by = this.above() - this.top;
    this.top += by;
    if (!this.long || !by) return;
    const scale = this.scale();
    this.end = this.top >= scale.most - 1 && by > 0;
    if (this.top <= 0) this.pin = { row: 1, y: -this.top };
    else if (Math.abs(by) > scale.view * 1.5) this.pin = scale.at(this.top);
    else this.pin.y -= scale.moved(by, this.top, this.pin);
    this.render();
    if ('onscrollend' in window) return;
    clearTimeout(this.idle);
    this.idle = Number(setTimeout(() => this.settle(), IDLE));
  }

  settle() {
    if (!this.long || this.end || this.top <= 0) return;
    const scale = this.scale();
    const right = scale.toTop(scale.of(this.pin));
    if (Math.abs(right - this.top) < 2) return;
    this.scrollTo(right);
    this.place();
  }

  /** Draws from a row on, which is to be at a place of the window. @param {number} row @param {number} [top] */
  keep(row, top) {
    this.pin = { row, y: top === undefined ? 0 : top - this.head() };
    this.end = false;
  }

  /** Scrolls what is seen by some pixels, without a search for where in the log that is. @param {number} by */
  moveBy(by) {
    if (Math.abs(by) < 1) return;
    scrollBy({ top: by, behavior: 'instant' });
    this.top = this.above();
    if (!this.long) return;
    this.pin.y -= by;
    this.render();
  }

  /** Shows a row, in the middle. @param {number} row */
  go(row) {
    this.end = false;
    if (!this.long) {
      this.render();
      this.drawn.get(row)?.scrollIntoView({ block: 'center', behavior: 'instant' });
      this.top = this.above();
      return;
    }
    const scale = this.scale();
    const y = Math.max(0, scale.view / 2 - this.height);
    const full = (row - 1) * this.height - y;
    this.log.style.height = `${scale.tall}px`;
    this.scrollTo(Math.max(0, scale.toTop(full)));
    this.pin = full > 0 ? { row, y } : { row: 1, y: Math.min(0, -this.top) };
    this.render();
  }

  /** Shows the end. A log that fits leaves the build's head in sight. */
  bottom() {
    this.end = true;
    this.render();
    if (this.log.getBoundingClientRect().bottom > innerHeight) scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' });
    this.top = this.above();
    if (this.long) this.place();
  }

  /** Draws rows anew, all or one. @param {number} [row] */
  forget(row) {
    for (const [number, element] of row === undefined ? [...this.drawn] : this.drawn.has(row) ? [[row, this.drawn.get(row)]] : []) {
      this.drawn.delete(/** @type {number} */ (number));
      /** @type {HTMLElement} */ (element).remove();
    }
  }

  /** Puts the rows around the view into the page. */
  render() {
    const rows = this.of.rows();
    let [from, to] = [1, rows];
    if (this.long) {
      const scale = this.scale();
      this.log.style.height = `${scale.tall}px`;
      if (this.end) this.pin = { row: rows, y: scale.view - this.height };
      const first = this.pin.row - Math.ceil(this.pin.y / this.height);
      from = Math.max(1, Math.min(first, this.pin.row) - AROUND);
      to = Math.min(rows, Math.max(from, first + Math.ceil(scale.view / this.height)) + AROUND);
      to = Math.max(to, Math.min(this.pin.row, rows));
    } else this.log.style.height = '';
    put(this.block, this.drawn, from, to, this.of.draw);
    this.from = from;
    this.to = to;
    this.place();
    this.of.shown(from, to);
  }

  /** Puts the rows where the pinned one has its place, and pins the first one that is seen. */
  place() {
    if (!this.long) {
      this.block.style.transform = '';
      return;
    }
    const element = this.drawn.get(Math.min(Math.max(this.pin.row, this.from), this.to));
    if (!element) return;
    const view = innerHeight - this.head();
    let start = this.pin.y - element.offsetTop;
    const bottom = start + this.block.offsetHeight;
    if (this.to === this.of.rows() && (this.end || bottom < view)) start += view - bottom;
    if (this.from === 1 && start > Math.max(0, -this.top)) start = Math.max(0, -this.top);
    this.block.style.transform = `translateY(${this.top + start}px)`;
    for (const [row, one] of this.drawn) {
      const y = start + one.offsetTop;
      if (y + one.offsetHeight <= 0 || y > view) continue;
      if (row < this.pin.row || this.pin.y < 0 || this.pin.y > view) this.pin = { row, y };
    }
  }
}
