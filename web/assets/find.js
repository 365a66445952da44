// @ts-check
// Search in a log. The server looks through all of it and counts; here are the matches around the one that is shown, and
// those in the rows that are seen, which the browser colours without a change of the page's elements.

import { colour } from './marks.js';

/** @typedef {import('./marks.js').Match} Match */
/** @typedef {{ total: number, before: number, matches: Match[] }} Found */

const WAIT = 180;
const PAGE = 500;
const PAGES = 40;

export class Find {
  /**
   * @param {HTMLElement} bar
   * @param {{ ask: (query: Record<string, string>) => Promise<Found>, go: (line: number) => void, first: () => number, rows: () => Map<number, HTMLElement>, total: () => number }} log
   * @param {AbortSignal} signal
   */
  constructor(bar, log, signal) {
    this.log = log;
    this.form = /** @type {HTMLFormElement} */ (bar.querySelector('.find'));
    this.input = /** @type {HTMLInputElement} */ (bar.querySelector('#find'));
    this.output = /** @type {HTMLOutputElement} */ (bar.querySelector('output'));
    this.flags = /** @type {HTMLElement[]} */ ([...bar.querySelectorAll('[data-flag]')]);
    /** @type {Record<string, string> | null} */
    this.query = null;
    /** Which match is shown, of all. */
    this.now = -1;
    /** @type {Found} */
    this.found = { total: 0, before: 0, matches: [] };
    /** Matches of the rows that are seen, by page. @type {Map<number, Map<number, Match[]> | null>} */
    this.seen = new Map();
    /** Lines that the count knows. */
    this.counted = 0;
    this.busy = false;
    this.timer = 0;
    const changed = () => {
      clearTimeout(this.timer);
      this.timer = Number(setTimeout(() => this.start(), WAIT));
    };
    this.input.addEventListener('input', changed, { signal });
    this.form.addEventListener('submit', (event) => event.preventDefault(), { signal });
    this.input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') {
        event.preventDefault();
        this.step(event.shiftKey ? -1 : 1);
      } else if (event.key === 'Escape') this.leave();
    }, { signal });
    this.form.addEventListener('click', (event) => {
      const button = /** @type {HTMLElement} */ (event.target).closest('button');
      if (button?.dataset.go) this.step(Number(button.dataset.go));
      else if (button?.dataset.flag) {
        button.setAttribute('aria-pressed', String(button.getAttribute('aria-pressed') !== 'true'));
        this.start();
      }
    }, { signal });
    signal.addEventListener('abort', () => this.clear());
  }

  clear() {
    clearTimeout(this.timer);
    this.query = null;
    this.now = -1;
    this.found = { total: 0, before: 0, matches: [] };
    this.seen = new Map();
    this.counted = 0;
    this.colour();
  }

  leave() {
    this.input.value = '';
    this.input.blur();
    this.clear();
    this.say('');
  }

  /** @param {string} text */
  say(text) {
    this.output.textContent = text;
    this.form.classList.toggle('bad', text.startsWith('no ') || text.includes('regular'));
  }

  async start() {
    const text = this.input.value;
    this.clear();
    if (!text) return this.say('');
    /** @type {Record<string, string>} */
    const query = { q: text };
    for (const flag of this.flags) if (flag.getAttribute('aria-pressed') === 'true') query[/** @type {string} */ (flag.dataset.flag)] = '1';
    this.query = query;
    this.say('…');
    const total = this.log.total();
    if (!(await this.load({ from: String(this.log.first()) }))) return;
    this.counted = total;
    if (!this.found.total) return this.say('no match');
    if (!this.found.matches.length) await this.load({ from: '1' });
    this.show(this.found.before);
  }

  /** Asks for matches; `false` when something else is looked for meanwhile. @param {Record<string, string>} where */
  async load(where) {
    const query = this.query;
    try {
      const found = await this.log.ask({ .../** @type {{}} */ (query), ...where });
      if (query !== this.query) return false;
      this.found = found;
      return true;
    } catch (error) {
      if (query === this.query) this.say(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  /** @param {number} by */
  async step(by) {
    clearTimeout(this.timer);
    if (this.input.value && this.input.value !== this.query?.q) return this.start();
    if (!this.query || !this.found.total || this.busy) return;
    const { total, before, matches } = this.found;
    const next = (this.now + by + total) % total;
    if (next < before || next >= before + matches.length) {
      const [first, last] = [matches[0]?.line ?? 1, matches[matches.length - 1]?.line ?? 0];
      const round = by > 0 ? next === 0 : next === total - 1;
      /** @type {Record<string, string>} */
      const where = by > 0 ? { from: String(round ? 1 : last + 1) } : { to: String(round ? Number.MAX_SAFE_INTEGER : first - 1) };
      this.busy = true;
      const loaded = await this.load(where);
      this.busy = false;
      if (!loaded) return;
    }
    this.show(Math.min(next, this.found.total - 1));
  }

  /** @param {number} at */
  show(at) {
    this.now = at;
    const match = this.found.matches[at - this.found.before];
    this.say(`${(at + 1).toLocaleString('en')} of ${this.found.total.toLocaleString('en')}`);
    if (match) this.log.go(match.line);
    this.colour();
  }

  /** Colours what is found in the rows that are there. */
  async shown() {
    if (!this.query) return;
    this.colour();
    const lines = [...this.log.rows().keys()];
    for (const page of new Set(lines.map((line) => Math.floor((line - 1) / PAGE)))) {
      if (this.seen.has(page)) continue;
      this.seen.set(page, null);
      /** @type {Record<string, string>} */
      const query = this.query;
      const seen = this.seen;
      const range = { from: String(page * PAGE + 1), to: String((page + 1) * PAGE), limit: '1000' };
      const found = await this.log.ask({ ...query, ...range }).catch(() => null);
      if (query !== this.query) return;
      if (found) seen.set(page, Map.groupBy(found.matches, (match) => match.line));
      else seen.delete(page);
      for (const old of seen.keys()) if (seen.size > PAGES) seen.delete(old);
      this.colour();
    }
  }

  /** More lines came: what is new is counted, and coloured anew. */
  async grown() {
    const [from, to] = [this.counted + 1, this.log.total()];
    if (!this.query || to < from || !this.counted) return;
    this.counted = to;
    for (let page = Math.floor((from - 1) / PAGE); page <= Math.floor((to - 1) / PAGE); page += 1) this.seen.delete(page);
    const query = this.query;
    const found = await this.log.ask({ ...query, from: String(from), to: String(to), limit: '1' }).catch(() => null);
    if (!found || query !== this.query) return;
    this.found.total += found.total;
    if (found.total) this.say(this.now < 0 ? `${this.found.total}` : `${this.now + 1} of ${this.found.total.toLocaleString('en')}`);
    this.shown();
  }

  colour() {
    const now = this.query ? this.found.matches[this.now - this.found.before] : undefined;
    colour(this.query ? this.log.rows() : [], (line) => this.seen.get(Math.floor((line - 1) / PAGE))?.get(line) ?? [], now);
  }
}
