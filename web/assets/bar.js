// @ts-check
// The tools above a log: how it looks, and the way to what went wrong.

import { STAMPS, remember, remembered } from './stamps.js';

/** @typedef {import('./log.js').Log} Log */

export class Bar {
  /** @param {HTMLElement} bar @param {Log} log @param {AbortSignal} signal */
  constructor(bar, log, signal) {
    this.bar = bar;
    this.log = log;
    this.looks = remembered();
    /** The line that looked like an error last. */
    this.at = 0;
    bar.hidden = false;
    addEventListener('keydown', (event) => this.key(event), { signal });
    bar.addEventListener('click', (event) => this.act(/** @type {HTMLElement} */ (event.target).closest('button')?.dataset.do), { signal });
  }

  /** @param {string | undefined} what */
  act(what) {
    if (what === 'trouble') this.worse();
    else if (what === 'fold') this.log.folding.all();
    else if (what === 'wrap') this.looks.wrap = !this.looks.wrap;
    else if (what === 'stamps') this.looks.stamps = STAMPS[(STAMPS.indexOf(this.looks.stamps) + 1) % STAMPS.length];
    if (what !== 'wrap' && what !== 'stamps') return;
    remember(this.looks);
    this.dress();
    if (what === 'stamps') this.log.view.forget();
    this.log.redraw();
  }

  /** The log's looks as they were chosen. */
  dress() {
    const { wrap, stamps } = this.looks;
    this.log.log.classList.toggle('wrapped', wrap);
    this.log.log.classList.toggle('stamped', stamps !== 'off');
    this.button('wrap').setAttribute('aria-pressed', String(wrap));
    this.button('stamps').setAttribute('aria-pressed', String(stamps !== 'off'));
    this.button('stamps').textContent = { off: 'Times', clock: 'Times: clock', since: 'Times: since start' }[stamps];
    this.log.view.measure();
  }

  /** @param {string} what */
  button(what) {
    return /** @type {HTMLElement} */ (this.bar.querySelector(`[data-do="${what}"]`));
  }

  /** Goes to the first line that looks like an error, then to the next. */
  async worse() {
    const ask = async (/** @type {number} */ from) => (await this.log.ask('search', { trouble: '1', limit: '1', from: String(from) })).matches[0]?.line;
    const line = (await ask(this.at + 1)) ?? (this.at ? await ask(1) : 0) ?? 0;
    this.log.find.say(line ? '' : 'No line looks like an error');
    if (!line) return;
    this.at = line;
    this.log.troubled(line);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || /** @type {HTMLElement} */ (event.target).closest?.('input, textarea, select, dialog')) return;
    const { key } = event;
    if (key === '/') this.log.find.input.select();
    else if (key === 'n' || key === 'N') this.log.find.step(key === 'n' ? 1 : -1);
    else if (key === 'e') this.worse();
    else if (key === 'w') this.act('wrap');
    else if (key === 't') this.act('stamps');
    else if (key === 'c') this.act('fold');
    else return;
    event.preventDefault();
  }
}
