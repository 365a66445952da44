import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { MAX_LINE, Parser } from '../assets/ansi.js';

const corpus = JSON.parse(readFileSync(new URL('ansi.json', import.meta.url), 'utf8'));
const spans = (line) => (line ? line.spans : null);

test('the corpus shared with the server is drawn as it says', () => {
  for (const { about, input, lines, rest } of corpus) {
    const parser = new Parser();
    assert.deepEqual(parser.push(input).map(spans), lines, about);
    assert.deepEqual(spans(parser.rest()), rest, about);
  }
});

test('where a piece is cut does not matter', () => {
  for (const { about, input, lines } of corpus) {
    const parser = new Parser();
    assert.deepEqual([...input].flatMap((piece) => parser.push(piece)).map(spans), lines, about);
  }
});

test('a style given as parameters goes on', () => {
  assert.deepEqual(new Parser('1;38;5;2').push('x\n').map(spans), [[['sb f2', 'x']]]);
});

test('a long line is cut and says so', () => {
  const [line] = new Parser().push(`${'x'.repeat(MAX_LINE + 5)}\n`);
  assert.equal(line.cut, true);
  assert.equal(line.spans[0][1].length, MAX_LINE);
});

test('fifty megabytes are parsed in seconds', () => {
  const parser = new Parser();
  const piece = `${'\x1b[32mok\x1b[0m compiling something v1.2.3 (registry)\n'.repeat(5000)}`;
  let lines = 0;
  for (let bytes = 0; bytes < 50e6; bytes += piece.length) lines += parser.push(piece).length;
  assert.ok(lines > 900_000);
});
