// @ts-check
// What a log can be folded by: its commands, as the runner told where they began, and the sections that tools mark in what
// they print. Lines are numbers of the log, rows are what is left to see; both from 1.

/** @typedef {{ line: number | null, started_at: string, finished_at: string | null, exit_code: number | null }} Command */
/** @typedef {{ first: number, last: number, command: boolean, took: number | null, code: number | null, running: boolean }} Fold */

export class Folds {
  constructor() {
    /** By their first line. @type {Map<number, Fold>} */
    this.all = new Map();
    /** Those that are closed. @type {Set<number>} */
    this.closed = new Set();
    /** Hidden lines, in order, none in another. @type {[number, number][]} */
    this.hidden = [];
    this.total = 0;
  }

  /**
   * What there is to fold.
   * @param {Command[]} commands
   * @param {import('./marks.js').Match[]} marks of sections
   * @param {number} total lines
   */
  set(commands, marks, total) {
    this.all.clear();
    const begun = commands.filter((one) => one.line !== null);
    begun.forEach((one, at) => {
      const first = Number(one.line);
      const next = begun[at + 1]?.line;
      const took = one.finished_at ? Date.parse(one.finished_at) - Date.parse(one.started_at) : null;
      this.all.set(first, { first, last: next ? next - 1 : Infinity, command: true, took, code: one.exit_code, running: !one.finished_at });
    });
    for (const { first, last } of sections(marks, [...this.all.keys()])) {
      if (!this.all.has(first)) this.all.set(first, { first, last, command: false, took: null, code: null, running: false });
    }
    for (const first of this.closed) if (!this.all.has(first)) this.closed.delete(first);
    this.grow(total);
  }

  /** So many lines there are now. @param {number} total */
  grow(total) {
    this.total = total;
    this.hidden = [];
    for (const first of [...this.closed].sort((a, b) => a - b)) {
      const last = Math.min(this.all.get(first)?.last ?? 0, total);
      const before = this.hidden[this.hidden.length - 1];
      if (last > first && (!before || first > before[1])) this.hidden.push([first + 1, last]);
    }
  }

  /** @param {number} first @param {boolean} [close] */
  toggle(first, close = !this.closed.has(first)) {
    if (close) this.closed.add(first);
    else this.closed.delete(first);
    this.grow(this.total);
  }

  /** Closes all commands that ended well, or opens everything. @param {boolean} close */
  every(close) {
    this.closed.clear();
    if (close) for (const fold of this.all.values()) if (fold.command && !fold.running && !fold.code) this.closed.add(fold.first);
    this.grow(this.total);
  }

  /** Opens what hides a line; says whether something did. @param {number} line */
  reveal(line) {
    const hides = [...this.closed].filter((first) => line > first && line <= (this.all.get(first)?.last ?? 0));
    for (const first of hides) this.closed.delete(first);
    if (hides.length) this.grow(this.total);
    return hides.length > 0;
  }

  /** Rows that are seen. */
  get rows() {
    return this.hidden.reduce((rows, [from, to]) => rows - (to - from + 1), this.total);
  }

  /** The line of a row. @param {number} row */
  line(row) {
    let line = row;
    for (const [from, to] of this.hidden) {
      if (line < from) break;
      line += to - from + 1;
    }
    return line;
  }

  /** The row of a line; of what stands for it when it is hidden. @param {number} line */
  row(line) {
    let row = line;
    for (const [from, to] of this.hidden) {
      if (line < from) break;
      row -= Math.min(line, to) - from + 1;
    }
    return row;
  }
}

/**
 * Sections by the lines that mark them. A heading ends at the next one, a group at its end; both at the end of their command.
 * @param {import('./marks.js').Match[]} marks
 * @param {number[]} commands their first lines, in order
 */
export function sections(marks, commands) {
  /** @type {{ first: number, last: number }[]} */
  const all = [];
  /** @type {{ first: number, heading: boolean }[]} */
  let open = [];
  const close = (/** @type {number} */ last, /** @type {(one: { heading: boolean }) => boolean} */ which) => {
    for (const one of open) if (which(one)) all.push({ first: one.first, last });
    open = open.filter((one) => !which(one));
  };
  let command = 0;
  for (const [nth, { line, length }] of marks.entries()) {
    for (; command < commands.length && commands[command] <= line; command += 1) close(commands[command] - 1, () => true);
    if (length === 12 || length === 13) {
      // The innermost group, with the headings in it.
      const at = open.map((one) => one.heading).lastIndexOf(false);
      const inner = new Set(open.slice(Math.max(at, 0)));
      // GitLab's begin the next one in the same line.
      const begins = marks[nth + 1]?.line === line;
      close(begins ? line - 1 : line, (one) => inner.has(/** @type {any} */ (one)));
    } else {
      const heading = length < 9;
      if (heading) close(line - 1, (one) => one.heading);
      open.push({ first: line, heading });
    }
  }
  close(commands[command] ? commands[command] - 1 : Infinity, () => true);
  return all.filter(({ first, last }) => last > first).sort((a, b) => a.first - b.first);
}
