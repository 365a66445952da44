// The lines of a log as elements. Every character of a log reaches the page through textContent.

/** Lines that are laid out together; the same as the server's. */
const CHUNK = 200;
/** Most lines kept in the page. */
export const WINDOW = 20_000;

function draw(number, line) {
  const row = document.createElement('div');
  row.className = 'l';
  row.id = `L${number}`;
  const anchor = document.createElement('a');
  anchor.href = `#L${number}`;
  anchor.textContent = number;
  const text = document.createElement('span');
  for (const [names, part] of line.spans) {
    if (names) {
      const span = document.createElement('span');
      span.className = names;
      span.textContent = part;
      text.append(span);
    } else text.append(part);
  }
  if (line.cut) {
    const mark = document.createElement('i');
    mark.className = 'cutmark';
    mark.textContent = 'line cut, see the raw log';
    text.append(mark);
  }
  row.append(anchor, text);
  return row;
}

/** The lines in a log's element: appended at the end, dropped at the start when they are too many. */
export class Lines {
  constructor(log) {
    this.log = log;
    this.next = Number(log.dataset.next);
    this.count = log.querySelectorAll('.l').length;
    this.unfinished = log.querySelector('.l[data-unfinished]');
    if (this.unfinished) this.count -= 1;
    this.dropped = false;
  }

  /** Appends finished lines and replaces the one that has not ended. */
  append(lines, rest) {
    this.unfinished?.remove();
    this.unfinished = null;
    // Lines that would be dropped at once are not drawn.
    const skip = Math.max(0, lines.length - WINDOW);
    if (skip) this.clear();
    this.next += skip;
    for (const line of skip ? lines.slice(skip) : lines) {
      this.chunk().append(draw(this.next++, line));
      this.count += 1;
    }
    if (rest) {
      this.unfinished = draw(this.next, rest);
      this.unfinished.dataset.unfinished = '';
      this.chunk().append(this.unfinished);
    }
    return this.trim();
  }

  chunk() {
    const last = this.log.lastElementChild;
    if (last && last.childElementCount < CHUNK) return last;
    const chunk = document.createElement('div');
    chunk.className = 'chunk';
    this.log.append(chunk);
    return chunk;
  }

  clear() {
    this.log.replaceChildren();
    this.count = 0;
    this.dropped = true;
  }

  trim() {
    while (this.count > WINDOW && this.log.childElementCount > 1) {
      this.count -= this.log.firstElementChild.childElementCount;
      this.log.firstElementChild.remove();
      this.dropped = true;
    }
  }

  /** Number of the first line in the page. */
  first() {
    return Number(this.log.querySelector('.l > a')?.textContent ?? this.next);
  }
}

/** Marks the lines that the address names, `#L42` or `#L42-L50`; the first of them. */
export function mark(log) {
  log.querySelectorAll('.l.marked').forEach((line) => line.classList.remove('marked'));
  const found = /^#L(\d+)(?:-L?(\d+))?$/.exec(location.hash);
  if (!found) return null;
  const [from, to] = [Number(found[1]), Number(found[2] ?? found[1])].sort((a, b) => a - b);
  for (let number = from; number <= Math.min(to, from + WINDOW); number += 1) {
    document.getElementById(`L${number}`)?.classList.add('marked');
  }
  return { number: from, line: document.getElementById(`L${from}`) };
}

/** A click on a number puts it into the address; with shift, the range from the one there. */
export function choose(event, log) {
  const anchor = event.target.closest?.('.l > a');
  if (!anchor) return;
  event.preventDefault();
  const to = Number(anchor.textContent);
  const from = /^#L(\d+)/.exec(location.hash);
  const hash = event.shiftKey && from ? `#L${Math.min(from[1], to)}-L${Math.max(from[1], to)}` : `#L${to}`;
  history.replaceState(history.state, '', hash);
  mark(log);
}
