// @ts-check
// A log's folds, at work: asked of the server, drawn, opened and closed without moving what somebody reads.

import { Folds } from './folds.js';
import { handle } from './lines.js';

export class Folding {
  /** @param {import('./log.js').Log} log */
  constructor(log) {
    this.log = log;
    this.folds = new Folds();
    this.folds.grow(log.pages.total);
    /** Sections are known up to this line. */
    this.known = 0;
    /** @type {import('./marks.js').Match[]} */
    this.marks = [];
    this.busy = false;
  }

  /** Asks what can be folded, when there may be more than before. @param {boolean} [anyway] */
  async look(anyway) {
    const { log } = this;
    const ended = log.pages.ended;
    if (this.busy || (!anyway && ended === this.known)) return;
    this.busy = true;
    try {
      const range = { sections: '1', limit: '1000', from: String(this.known + 1), to: String(ended) };
      const [commands, found] = await Promise.all([log.ask('../commands', {}), ended > this.known ? log.ask('search', range) : { matches: [] }]);
      this.known = ended;
      this.marks.push(...found.matches);
      this.change(() => this.folds.set(commands, this.marks, log.pages.total));
    } catch {
      // The log is read without.
    }
    this.busy = false;
  }

  /** Draws what a line needs that more can be folded under. @param {HTMLElement} element @param {number} line */
  dress(element, line) {
    const fold = this.folds.all.get(line);
    if (fold) handle(element, fold, this.folds.closed.has(line), this.folds.total);
  }

  /** What a line looks like because of its fold. @param {number} line */
  looks(line) {
    const fold = this.folds.all.get(line);
    return fold ? JSON.stringify([fold, this.folds.closed.has(line)]) : '';
  }

  /** Opens what hides a line. @param {number} line */
  reveal(line) {
    if (!this.folds.reveal(line)) return;
    this.log.view.forget();
    this.named();
  }

  /** The button says what it would do. */
  named() {
    const button = this.log.bar.button('fold');
    button.hidden = this.folds.all.size < 2;
    button.textContent = this.folds.closed.size ? 'Unfold' : 'Fold';
  }

  /** Opens or closes what begins at a line. @param {number} line */
  toggle(line) {
    this.log.follow.set(false);
    this.change(() => this.folds.toggle(line));
  }

  /** Closes every command that ended well, or opens all. */
  all() {
    this.log.follow.set(false);
    this.change(() => this.folds.every(!this.folds.closed.size));
  }

  /** Changes what is seen; the first line that was seen stays where it is. @param {() => void} change */
  change(change) {
    const { log, folds } = this;
    const { view } = log;
    const first = folds.line(view.first());
    const place = () => view.drawn.get(folds.row(first))?.getBoundingClientRect().top;
    const [before, hidden] = [place(), String(folds.hidden)];
    const focused = Number(/** @type {HTMLElement | null} */ (document.activeElement?.closest('button.fold') ?? null)?.dataset.line);
    const looks = new Map([...log.drawn().keys()].map((line) => [line, this.looks(line)]));
    change();
    this.named();
    if (hidden !== String(folds.hidden)) {
      view.forget();
      if (!log.follow.on) view.keep(folds.row(first), before);
    } else {
      const drawn = log.drawn();
      for (const [line, look] of looks) {
        if (look === this.looks(line)) continue;
        const element = drawn.get(line);
        // A bare one is dressed where it is: its text need not be asked for.
        if (!look && element && !element.classList.contains('awaited')) this.dress(element, line);
        else log.forget(line);
      }
    }
    log.redraw();
    const after = place();
    if (!log.follow.on && before !== undefined && after !== undefined) view.moveBy(after - before);
    if (focused) log.drawn().get(focused)?.querySelector('button')?.focus({ preventScroll: true });
  }
}
