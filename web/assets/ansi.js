// Terminal output as styled text: the rules of the server's renderer (src/ansi), so that a line looks the same
// whoever drew it. tests/ansi.json is checked against both.

export const MAX_LINE = 16 * 1024;
const MAX_PARAMETERS = 128;
const TEXT = /[^\x00-\x08\x0a-\x1f\x7f-\x9f]+/y;
const LEVELS = [0, 95, 135, 175, 215, 255];

/**
 * How text looks. Colours are 0 to 255.
 * @typedef {{ fg: number | null, bg: number | null, bold: boolean, dim: boolean, italic: boolean, underline: boolean,
 *   inverse: boolean }} Style
 * @typedef {[string, string]} Span Classes and text.
 * @typedef {{ spans: Span[], cut: boolean }} Line
 */

/** @returns {Style} */
const plain = () => ({ fg: null, bg: null, bold: false, dim: false, italic: false, underline: false, inverse: false });
/** @param {string} text */
const number = (text) => (text === '' ? 0 : /^\d{1,5}$/.test(text) ? Number(text) : 65535);
/** @param {number | undefined} value */
const byte = (value) => (value !== undefined && value <= 255 ? value : null);

/** The nearest of the colours 16 to 255. @param {number[]} wanted */
function nearest(wanted) {
  const steps = wanted.map((value) => (value < 48 ? 0 : value < 115 ? 1 : Math.floor((value - 35) / 40)));
  const distance = (/** @type {number[]} */ color) => color.reduce((sum, value, at) => sum + (value - wanted[at]) ** 2, 0);
  const mean = Math.floor((wanted[0] + wanted[1] + wanted[2]) / 3);
  const gray = Math.min(23, Math.max(0, Math.trunc((mean - 3) / 10)));
  const level = 8 + 10 * gray;
  return distance(steps.map((step) => LEVELS[step])) <= distance([level, level, level])
    ? 16 + 36 * steps[0] + 6 * steps[1] + steps[2]
    : 232 + gray;
}

/**
 * The colour of `5;N` or `2;R;G;B`, and how many parameters it took.
 * @param {number[]} parameters
 * @param {boolean} colons
 * @returns {[number | null, number]}
 */
function extended(parameters, colons) {
  if (parameters[0] === 5) return [byte(parameters[1]), 2];
  if (parameters[0] !== 2) return [null, 1];
  const first = colons && parameters.length > 4 ? 2 : 1;
  const color = [0, 1, 2].map((at) => byte(parameters[first + at])).filter((value) => value !== null);
  return [color.length < 3 ? null : nearest(color), 4];
}

/** @param {Style} style @param {number} code @param {number | undefined} detail */
function set(style, code, detail) {
  if (code === 0) Object.assign(style, plain());
  else if (code === 1) style.bold = true;
  else if (code === 2) style.dim = true;
  else if (code === 3) style.italic = true;
  else if (code === 4) style.underline = detail !== 0;
  else if (code === 21) style.underline = true;
  else if (code === 7) style.inverse = true;
  else if (code === 22) style.bold = style.dim = false;
  else if (code === 23) style.italic = false;
  else if (code === 24) style.underline = false;
  else if (code === 27) style.inverse = false;
  else if (code >= 30 && code <= 37) style.fg = code - 30;
  else if (code === 39) style.fg = null;
  else if (code >= 40 && code <= 47) style.bg = code - 40;
  else if (code === 49) style.bg = null;
  else if (code >= 90 && code <= 97) style.fg = code - 82;
  else if (code >= 100 && code <= 107) style.bg = code - 92;
}

/** @param {Style} style @param {string} text */
function apply(style, text) {
  const groups = text.split(';').map((group) => group.split(':').map(number));
  for (let at = 0; at < groups.length; ) {
    const group = groups[at++];
    const code = group[0];
    if (code !== 38 && code !== 48) {
      set(style, code, group[1]);
      continue;
    }
    let color;
    if (group.length > 1) [color] = extended(group.slice(1), true);
    else {
      const [found, used] = extended(groups.slice(at).map((rest) => rest[0]), false);
      color = found;
      at += used;
    }
    if (color !== null) style[code === 38 ? 'fg' : 'bg'] = color;
  }
}

/** @param {Style} style */
function classes(style) {
  const names = [];
  if (style.bold) names.push('sb');
  if (style.dim) names.push('sd');
  if (style.italic) names.push('si');
  if (style.underline) names.push('su');
  const [front, back] = style.inverse ? [style.bg, style.fg] : [style.fg, style.bg];
  if (front !== null) names.push(`f${front}`);
  else if (style.inverse) names.push('fi');
  if (back !== null) names.push(`b${back}`);
  else if (style.inverse) names.push('bi');
  return names.join(' ');
}

/** Eats text in pieces cut anywhere, gives lines: `{ spans: [[classes, text], …], cut }`. */
export class Parser {
  mode = 'ground';
  parameters = '';
  /** @type {Span[]} */
  spans = [];
  length = 0;
  cut = false;
  redraw = false;

  constructor(parameters = '') {
    this.style = plain();
    if (parameters) apply(this.style, parameters);
    this.names = classes(this.style);
  }

  clear() {
    [this.mode, this.spans, this.length, this.cut, this.redraw] = ['ground', [], 0, false, false];
  }

  /** Eats a piece; the lines that it ends. @param {string} text */
  push(text) {
    /** @type {Line[]} */
    const lines = [];
    for (let at = 0; at < text.length; ) {
      if (this.mode === 'ground') {
        TEXT.lastIndex = at;
        const run = TEXT.exec(text);
        if (run) {
          this.draw(run[0]);
          at = TEXT.lastIndex;
          continue;
        }
      }
      const character = text[at++];
      if (character === '\n') {
        lines.push({ spans: this.spans, cut: this.cut });
        this.clear();
      } else this.eat(character);
    }
    return lines;
  }

  /** The line that has not ended yet; `null` when nothing came since the last end. @returns {Line | null} */
  rest() {
    return this.spans.length ? { spans: this.spans, cut: this.cut } : null;
  }

  /** @param {string} character */
  eat(character) {
    const mode = this.mode;
    if (mode === 'text') this.mode = character === '\x07' ? 'ground' : character === '\x1b' ? 'text-escape' : 'text';
    else if (mode === 'text-escape' && character === '\\') this.mode = 'ground';
    else if (character === '\x1b') this.mode = 'escape';
    else if (mode === 'escape' || mode === 'text-escape') {
      if (character === '[') [this.mode, this.parameters] = ['control', ''];
      else if (']PX^_'.includes(character)) this.mode = 'text';
      else if (character >= ' ' && character <= '/') this.mode = 'escape';
      else if (character >= '0' && character <= '~') this.mode = 'ground';
      else this.out(character);
    } else if (mode === 'control') {
      if (character >= ' ' && character <= '?') {
        this.parameters = this.parameters.length < MAX_PARAMETERS ? this.parameters + character : '?'.padEnd(MAX_PARAMETERS);
      } else if (character >= '@' && character <= '~') {
        if (character === 'm' && /^[\d;:]*$/.test(this.parameters)) {
          apply(this.style, this.parameters);
          this.names = classes(this.style);
        }
        this.mode = 'ground';
      } else this.out(character);
    } else this.out(character);
  }

  /** @param {string} character */
  out(character) {
    this.mode = 'ground';
    if (character === '\r') this.redraw = true;
    else if (character === '\t' || !/[\x00-\x1f\x7f-\x9f]/.test(character)) this.draw(character);
  }

  /** @param {string} text */
  draw(text) {
    if (this.redraw) this.clear();
    const room = MAX_LINE - this.length;
    if (text.length > room) [text, this.cut] = [text.slice(0, room), true];
    if (!text) return;
    this.length += text.length;
    const last = this.spans[this.spans.length - 1];
    if (last && last[0] === this.names) last[1] += text;
    else this.spans.push([this.names, text]);
  }
}
