// What every page does: durations count on while something runs, moments say how long ago they are.

const opened = performance.now();
/** @type {WeakMap<Element, number>} */
const counted = new WeakMap();

/** @param {number} milliseconds */
function duration(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} m`;
}

/** @param {number} then */
function ago(then) {
  const minutes = Math.max(0, Math.floor((Date.now() - then) / 60_000));
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ago`;
  return null;
}

/** What counts on. @returns {NodeListOf<HTMLElement>} */
const counting = () => document.querySelectorAll('[data-counting]');

/** Brings every time on the page up to now. */
export function tick() {
  for (const element of counting()) {
    // What the server counted when it made the element, and when it came here.
    const since = counted.get(element) ?? performance.now() - Number(element.dataset.counting);
    counted.set(element, since);
    element.textContent = duration(performance.now() - since);
  }
  for (const element of document.querySelectorAll('time')) {
    const text = ago(Date.parse(element.dateTime));
    if (text && element.textContent !== text) element.textContent = text;
  }
}

for (const element of counting()) counted.set(element, opened - Number(element.dataset.counting));
setInterval(tick, 1000);
