// @ts-check
// Scrolling through more than a browser lets an element be tall: where in the log a scroll position is, and back.

/** Tallest element that all browsers draw right, with room to spare. */
export const TALLEST = 8_000_000;

/** A log's rows, all taken to be as tall as one, in an element that is at most `TALLEST`. */
export class Scale {
  /**
   * @param {number} rows how many there are
   * @param {number} height of one
   * @param {number} view pixels that are seen at once
   */
  constructor(rows, height, view) {
    this.height = height;
    this.view = view;
    this.full = rows * height;
    /** Height of the element. */
    this.tall = Math.min(this.full, TALLEST);
  }

  /** Furthest that the element scrolls. */
  get most() {
    return Math.max(0, this.tall - this.view);
  }

  /**
   * Pixels of the log above the view, of pixels of the element above it.
   * @param {number} top
   */
  toFull(top) {
    if (!this.most) return 0;
    return (Math.min(Math.max(top, 0), this.most) / this.most) * (this.full - this.view);
  }

  /**
   * The other way.
   * @param {number} full
   */
  toTop(full) {
    const most = this.full - this.view;
    if (most <= 0) return 0;
    return (Math.min(Math.max(full, 0), most) / most) * this.most;
  }

  /**
   * The row at the view's top, and how far it is above it, when the bar was moved far.
   * @param {number} top
   */
  at(top) {
    const full = this.toFull(top);
    const row = Math.floor(full / this.height);
    return { row: row + 1, y: row * this.height - full };
  }

  /**
   * Pixels of the log above the view, where a row has this place in it.
   * @param {{ row: number, y: number }} pin
   */
  of(pin) {
    return (pin.row - 1) * this.height - pin.y;
  }

  /**
   * How far the rows move for a small move of the bar: as far, whatever the scale. So the bar drifts, and is put right when
   * nobody moves it; only where it is about to end the rows keep up with it.
   * @param {number} by
   * @param {number} top after the move
   * @param {{ row: number, y: number }} pin before it
   */
  moved(by, top, pin) {
    const bar = by > 0 ? this.most - top + by : top - by;
    if (bar <= 0 || bar > this.view * 3) return by;
    const full = this.of(pin);
    return by * Math.max(1, (by > 0 ? this.full - this.view - full : full) / bar);
  }
}
