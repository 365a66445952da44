// @ts-check
// The lines of a log as elements, and the lines that the address names. Every character of a log reaches the page
// through textContent.

/** @typedef {import('./pages.js').Line} Line */

/**
 * @param {number} number
 * @param {Line | null} line `null`: it is on its way
 * @param {string} stamp when it came; may be empty
 */
export function draw(number, line, stamp) {
  const row = document.createElement('div');
  row.className = line ? 'l' : 'l awaited';
  row.id = `L${number}`;
  const anchor = document.createElement('a');
  anchor.href = `#L${number}`;
  anchor.textContent = String(number);
  row.append(anchor);
  if (stamp) {
    const at = document.createElement('i');
    at.className = 'at';
    at.textContent = stamp;
    if (line?.time) at.title = new Date(line.time).toISOString();
    row.append(at);
  }
  const text = document.createElement('span');
  for (const [names, part] of line?.spans ?? []) {
    if (names) {
      const span = document.createElement('span');
      span.className = names;
      span.textContent = part;
      text.append(span);
    } else text.append(part);
  }
  if (line?.cut) {
    const mark = document.createElement('i');
    mark.className = 'cutmark';
    mark.textContent = 'line cut, see the raw log';
    text.append(mark);
  }
  row.append(text);
  return row;
}

/** Milliseconds under which nobody asks how long a command took. */
const SHORT = 100;

/**
 * Puts a handle before a line that more can be folded under, and says how a command ended.
 * @param {HTMLElement} row
 * @param {import('./folds.js').Fold} fold
 * @param {boolean} closed
 * @param {number} total lines of the log
 */
export function handle(row, fold, closed, total) {
  const text = /** @type {HTMLElement} */ (row.lastElementChild);
  row.classList.add(fold.command ? 'command' : 'section');
  const mark = /^(?:::group::|##\[group\])/.exec(text.textContent ?? '');
  const first = text.firstChild;
  if (mark && first?.textContent?.startsWith(mark[0])) first.textContent = first.textContent.slice(mark[0].length);
  const last = Math.min(fold.last, total);
  if (last > fold.first) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'fold';
    button.dataset.line = String(fold.first);
    button.setAttribute('aria-expanded', String(!closed));
    button.setAttribute('aria-label', `${last - fold.first} lines of ${text.textContent}`);
    button.textContent = closed ? '▸' : '▾';
    row.insertBefore(button, text);
  }
  if (!fold.command) return;
  const end = document.createElement('i');
  end.className = 'end';
  const took = fold.took !== null && fold.took >= SHORT ? `${(fold.took / 1000).toFixed(1)} s` : '';
  if (fold.code) {
    row.classList.add('bad');
    end.textContent = `exit code ${fold.code}${took && ` · ${took}`}`;
  } else end.textContent = fold.running ? 'runs' : took;
  if (end.textContent) row.append(end);
}

/** The lines that the address names, `#L42` or `#L42-L50`. @param {string} hash @returns {[number, number] | null} */
export function named(hash) {
  const found = /^#L(\d{1,15})(?:-L?(\d{1,15}))?$/.exec(hash);
  if (!found) return null;
  const [from, to] = [Number(found[1]), Number(found[2] ?? found[1])];
  return from <= to ? [from, to] : [to, from];
}

/**
 * The address of a line that was clicked; with shift, of the range from the one there.
 * @param {string} hash
 * @param {number} line
 * @param {boolean} shift
 */
export function addressed(hash, line, shift) {
  const from = shift ? named(hash)?.[0] : undefined;
  return from === undefined || from === line ? `#L${line}` : `#L${Math.min(from, line)}-L${Math.max(from, line)}`;
}
