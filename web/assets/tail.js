// @ts-check
// The end of a log that is written: what the stream brings, in portions that a frame can draw; and a way to the end when
// more came than anybody could have seen.

import { Parser } from './ansi.js';
import { Stream } from './stream.js';

/** @typedef {import('./pages.js').Pages} Pages */

/** Most characters parsed in one frame, so that a flood does not hold the page. */
const FRAME = 96 * 1024;
/** More characters than this are not drawn one after the other: their lines are asked for when they are looked at. */
const FAR = 4 << 20;
/** Lines asked for at the end then. */
const LAST = 500;

export class Tail {
  /**
   * @param {HTMLElement} log
   * @param {Pages} pages
   * @param {{ came: () => void, over: () => void }} to
   */
  constructor(log, pages, to) {
    this.pages = pages;
    this.to = to;
    this.parser = new Parser(log.dataset.style);
    /** @type {string[]} */
    this.queue = [];
    this.waiting = 0;
    this.frame = 0;
    this.skew = Date.now() - Number(log.dataset.now);
    this.stream = new Stream(log.dataset.stream ?? '', Number(log.dataset.offset), {
      text: (text) => {
        this.queue.push(text);
        this.waiting += text.length;
        if (this.waiting > FAR) this.skip();
        else this.schedule();
      },
      end: () => {
        this.ended = true;
        if (!this.queue.length && !this.frame && !this.skipping) this.to.over();
      },
    });
  }

  /** A hidden page reads nothing: browsers open few connections to one server. It goes on when it is seen again. */
  visible() {
    if (document.hidden) this.stream.close();
    else if (!this.skipping) this.stream.open();
  }

  close() {
    this.stream.over = true;
    this.stream.close();
    cancelAnimationFrame(this.frame);
  }

  schedule() {
    if (!this.frame && !this.skipping) this.frame = requestAnimationFrame(() => this.paint());
  }

  paint() {
    this.frame = 0;
    let text = '';
    while (this.queue.length && text.length < FRAME) {
      const room = FRAME - text.length;
      const [piece] = this.queue;
      text += piece.slice(0, room);
      if (piece.length > room) this.queue[0] = piece.slice(room);
      else this.queue.shift();
    }
    this.waiting -= text.length;
    /** @type {import('./pages.js').Line[]} */
    const lines = this.parser.push(text);
    const time = Date.now() - this.skew;
    for (const line of lines) line.time = time;
    this.pages.append(lines, this.parser.rest());
    this.to.came();
    if (this.queue.length) this.schedule();
    else if (this.ended) this.to.over();
  }

  /** Goes to the end at once. Lines in between are asked for like all others. */
  async skip() {
    if (this.skipping) return;
    this.skipping = true;
    this.stream.close();
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    try {
      const last = await this.pages.ask(-LAST, LAST);
      // Where the line begins that has not ended, if one has not.
      const open = last.rest ? await this.pages.ask(last.total, 1) : null;
      const text = open ? last.text.slice(0, last.text.lastIndexOf('\n') + 1) : last.text;
      this.parser = new Parser(last.style);
      const lines = this.parser.push(text);
      if (last.first > this.pages.ended) this.pages.skip(last.first - 1);
      this.pages.append(lines.slice(Math.max(0, this.pages.ended + 1 - last.first)), null);
      this.stream.offset = open ? open.start : last.end;
      this.queue = [];
      this.waiting = 0;
    } catch {
      // What is there is drawn after all.
    }
    this.skipping = false;
    this.to.came();
    this.visible();
    if (this.queue.length) this.schedule();
    else if (this.ended && this.stream.over) this.to.over();
  }
}
