// @ts-check
// The lines of a log by number: those that came with the stream, the others asked of the server a page at a time.

import { Parser } from './ansi.js';

/** @typedef {{ spans: [string, string][], cut: boolean, time?: number }} Line */
/** @typedef {{ first: number, count: number, total: number, rest: boolean, style: string, text: string, cut: boolean, times: [number, number][], now: number, start: number, end: number, length: number }} Answer */

/** Lines asked for at once. */
export const PAGE = 500;
/** Most pages kept. */
const PAGES = 24;
/** Questions under way at once. */
const ASKED = 2;
/** What failed is asked again after so many milliseconds. */
const AGAIN = 2000;

export class Pages {
  /**
   * @param {(from: number, count: number) => Promise<Answer>} ask
   * @param {number} ended lines that have ended
   * @param {number} total all lines
   */
  constructor(ask, ended, total) {
    this.ask = ask;
    this.ended = ended;
    /** The line that has not ended, once the stream brought it. @type {Line | null} */
    this.rest = null;
    this.open = total > ended;
    /** @type {Map<number, (Line | undefined)[]>} */
    this.pages = new Map();
    /** @type {Set<number>} */
    this.asked = new Set();
    /** Called when lines came. */
    this.onload = () => {};
  }

  /** All lines. */
  get total() {
    return this.ended + (this.open ? 1 : 0);
  }

  /** @param {number} number @returns {Line | null} */
  get(number) {
    if (this.rest && number === this.ended + 1) return this.rest;
    const at = Math.floor((number - 1) / PAGE);
    return this.pages.get(at)?.[(number - 1) % PAGE] ?? null;
  }

  /**
   * Lines of the stream, which go on where the last ones ended.
   * @param {Line[]} lines
   * @param {Line | null} rest
   */
  append(lines, rest) {
    for (const line of lines) this.put(++this.ended, line);
    this.rest = rest;
    this.open = Boolean(rest);
    this.trim();
  }

  /** @param {number} number @param {Line} line */
  put(number, line) {
    const at = Math.floor((number - 1) / PAGE);
    let page = this.pages.get(at);
    if (!page) this.pages.set(at, (page = []));
    page[(number - 1) % PAGE] = line;
  }

  /** Drops what was used longest ago; not what is seen or comes now. */
  trim() {
    const last = Math.floor(this.ended / PAGE);
    for (const at of this.pages.keys()) {
      if (this.pages.size <= PAGES) return;
      if (at < last - 1) this.pages.delete(at);
    }
  }

  /** Forgets all, because the log goes on elsewhere. @param {number} ended */
  skip(ended) {
    this.ended = ended;
    this.rest = null;
    this.open = false;
  }

  /**
   * Says which lines are wanted now; asks for what is missing.
   * @param {number} from
   * @param {number} to the last one
   */
  want(from, to) {
    for (let at = Math.floor((from - 1) / PAGE); at <= Math.floor((to - 1) / PAGE); at += 1) {
      const page = this.pages.get(at);
      if (page) {
        this.pages.delete(at);
        this.pages.set(at, page);
      }
      const [first, last] = [Math.max(at * PAGE + 1, 1), Math.min((at + 1) * PAGE, this.total)];
      if (this.asked.size >= ASKED || this.asked.has(at)) continue;
      for (let number = Math.max(from, first); number <= Math.min(to, last); number += 1) {
        if (this.get(number)) continue;
        // The whole page, unless its beginning is here.
        const begin = page?.[0] ? number : first;
        this.load(at, begin, last - begin + 1);
        break;
      }
    }
  }

  /** @param {number} at @param {number} from @param {number} count */
  async load(at, from, count) {
    this.asked.add(at);
    try {
      this.take(await this.ask(from, count));
      this.asked.delete(at);
      this.trim();
      this.onload();
    } catch {
      setTimeout(() => {
        this.asked.delete(at);
        this.onload();
      }, AGAIN);
    }
  }

  /** @param {Answer} answer */
  take(answer) {
    const parser = new Parser(answer.style);
    /** @type {Line[]} */
    const lines = parser.push(answer.text);
    const rest = parser.rest();
    // A line that was cut by the server, or the log's last, when no stream brings it.
    if (lines.length < answer.count) lines.push({ spans: rest?.spans ?? [], cut: Boolean(rest?.cut) || answer.cut });
    const times = answer.times;
    let at = 0;
    lines.forEach((line, index) => {
      const number = answer.first + index;
      while (at + 1 < times.length && times[at + 1][0] <= number) at += 1;
      if (times[at] && times[at][0] <= number) line.time = times[at][1];
      if (number <= this.total && !this.get(number)) this.put(number, line);
    });
  }
}
