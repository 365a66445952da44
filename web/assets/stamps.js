// @ts-check
// When a line came, as text, and how a reader likes the log to look.

/** @typedef {'off' | 'clock' | 'since'} Stamps */

const KEY = 'slipway.log';
/** @type {Stamps[]} */
export const STAMPS = ['off', 'clock', 'since'];

/** @param {number} value @param {number} [width] */
const digits = (value, width = 2) => String(value).padStart(width, '0');

/**
 * @param {Stamps} kind
 * @param {number | undefined} time Unix milliseconds
 * @param {number} begin when the step began
 */
export function stamp(kind, time, begin) {
  if (kind === 'off') return '';
  if (time === undefined) return '–';
  if (kind === 'clock') {
    const at = new Date(time);
    return `${digits(at.getHours())}:${digits(at.getMinutes())}:${digits(at.getSeconds())}`;
  }
  const tenths = Math.max(0, Math.floor((time - begin) / 100));
  const seconds = Math.floor(tenths / 10);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${hours ? `${hours}:${digits(minutes)}` : minutes}:${digits(seconds % 60)}.${tenths % 10}`;
}

/** What the reader chose last. @returns {{ wrap: boolean, stamps: Stamps }} */
export function remembered() {
  const usual = { wrap: true, stamps: /** @type {Stamps} */ ('off') };
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return { wrap: kept.wrap !== false, stamps: STAMPS.includes(kept.stamps) ? kept.stamps : usual.stamps };
  } catch {
    return usual;
  }
}

/** @param {{ wrap: boolean, stamps: Stamps }} chosen */
export function remember(chosen) {
  try {
    localStorage.setItem(KEY, JSON.stringify(chosen));
  } catch {
    // A browser that keeps nothing asks again.
  }
}
