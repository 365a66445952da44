import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Folds, sections } from '../assets/folds.js';
import { addressed, named } from '../assets/lines.js';
import { PAGE, Pages } from '../assets/pages.js';
import { Scale, TALLEST } from '../assets/scroll.js';
import { stamp } from '../assets/stamps.js';

test('a log that fits scrolls true to the pixel', () => {
  const scale = new Scale(1000, 20, 800);
  for (const top of [0, 1, 777, scale.most]) assert.equal(Math.round(scale.toFull(top) * 1e6) / 1e6, top);
  assert.equal(scale.at(0).row, 1);
  assert.equal(new Scale(3, 20, 800).toFull(5), 0);
});

test('a million lines fit into what a browser draws, and every one can be reached', () => {
  const scale = new Scale(1_000_000, 19.375, 700);
  assert.equal(scale.tall, TALLEST);
  assert.equal(scale.at(scale.most).row, 1_000_000 - Math.floor(700 / 19.375));
  for (const row of [1, 2, 500_000, 999_000]) assert.ok(Math.abs(scale.toFull(scale.toTop(scale.of({ row, y: 0 }))) - (row - 1) * 19.375) < 1e-3);
});

test('small moves are true to the pixel, and the ends are met', () => {
  const scale = new Scale(1_000_000, 20, 700);
  assert.equal(scale.moved(100, 4_000_000, { row: 5000, y: 0 }), 100);
  for (const by of [90, -90]) {
    let [top, pin] = by < 0 ? [1800, { row: 301, y: 0 }] : [scale.most - 1800, { row: 999_600, y: 0 }];
    for (let left = 1800; left > 0; left -= 90) {
      top += by;
      pin = { row: pin.row, y: pin.y - scale.moved(by, top, pin) };
    }
    assert.ok(Math.abs(scale.of(pin) - (by < 0 ? 0 : scale.full - 700)) < 1e-3, `${scale.of(pin)}`);
  }
});

/** A server with lines `line N`. */
function server(total, asked) {
  return async (from, count) => {
    const first = from < 0 ? Math.max(1, total + 1 + from) : from;
    const last = Math.min(total, first + count - 1);
    asked.push([first, count]);
    const text = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => `line ${first + at}\n`).join('');
    return { first, count: last - first + 1, total, rest: false, style: '', text, cut: false, times: [[first, 5000 + first]], now: 0, start: 0, end: 0, length: 0 };
  };
}

test('pages are asked for once, kept for a while, and never put over what came', async () => {
  const asked = [];
  const pages = new Pages(server(100_000, asked), 100_000, 100_000);
  const come = async (from, to) => {
    const loaded = new Promise((done) => (pages.onload = done));
    pages.want(from, to);
    pages.want(from, to);
    await loaded;
  };
  await come(701, 800);
  assert.deepEqual(asked, [[501, PAGE]]);
  assert.deepEqual(pages.get(750), { spans: [['', 'line 750']], cut: false, time: 5501 });
  assert.equal(pages.get(1001), null);
  for (let page = 10; page < 60; page += 1) await come(page * PAGE + 1, page * PAGE + 40);
  assert.ok(pages.pages.size <= 24);
  assert.equal(pages.get(750), null, 'dropped');

  const live = new Pages(server(10, []), 10, 10);
  live.append([{ spans: [['', 'eleven']], cut: false }], { spans: [['', 'and']], cut: false });
  assert.equal(live.total, 12);
  assert.deepEqual([live.get(11).spans[0][1], live.get(12).spans[0][1]], ['eleven', 'and']);
  const loaded = new Promise((done) => (live.onload = done));
  live.want(1, 12);
  await loaded;
  assert.equal(live.get(10).spans[0][1], 'line 10');
  assert.equal(live.get(11).spans[0][1], 'eleven');
});

test('addresses name lines and ranges', () => {
  assert.deepEqual([named('#L7'), named('#L9-L3'), named('#L9-12'), named('#x'), named('')], [[7, 7], [3, 9], [9, 12], null, null]);
  assert.equal(addressed('#L7', 9, false), '#L9');
  assert.equal(addressed('#L7', 9, true), '#L7-L9');
  assert.equal(addressed('#L7-L20', 3, true), '#L3-L7');
  assert.equal(addressed('', 3, true), '#L3');
});

test('times are off, the clock, or since the start', () => {
  assert.equal(stamp('off', 5, 0), '');
  assert.equal(stamp('since', undefined, 0), '–');
  assert.equal(stamp('since', 1000, 5000), '0:00.0');
  assert.equal(stamp('since', 65_432, 0), '1:05.4');
  assert.equal(stamp('since', 3_600_000 * 2 + 65_400, 0), '2:01:05.4');
  assert.match(stamp('clock', 0, 0), /^\d\d:\d\d:\d\d$/);
});

const command = (line, code = 0) => ({ line, started_at: '2026-01-01T00:00:00Z', finished_at: '2026-01-01T00:00:02Z', exit_code: code });
const marks = (...all) => all.map(([line, length]) => ({ line, column: 0, length }));

test('rows and lines find each other through what is folded', () => {
  const folds = new Folds();
  folds.set([command(1), command(10), command(20, 3)], [], 30);
  assert.equal(folds.rows, 30);
  folds.every(true);
  assert.deepEqual(folds.hidden, [[2, 9], [11, 19]], 'what failed stays open');
  assert.equal(folds.rows, 13);
  assert.deepEqual([1, 2, 3, 4, 13].map((row) => folds.line(row)), [1, 10, 20, 21, 30]);
  assert.deepEqual([1, 5, 9, 10, 15, 20, 30].map((line) => folds.row(line)), [1, 1, 1, 2, 2, 3, 13]);
  for (let row = 1; row <= folds.rows; row += 1) assert.equal(folds.row(folds.line(row)), row);
  assert.equal(folds.reveal(15), true);
  assert.equal(folds.reveal(15), false);
  assert.deepEqual(folds.hidden, [[2, 9]]);
  folds.grow(40);
  assert.equal(folds.rows, 32);
  folds.toggle(20);
  assert.deepEqual(folds.hidden, [[2, 9], [21, 40]], 'the last command goes on to the end');
});

test('a fold inside another that is closed hides nothing more', () => {
  const folds = new Folds();
  folds.set([command(1)], marks([3, 9], [6, 12]), 10);
  folds.toggle(3);
  assert.deepEqual(folds.hidden, [[4, 6]]);
  folds.toggle(1);
  assert.deepEqual(folds.hidden, [[2, 10]]);
  assert.equal(folds.rows, 1);
});

test('sections end at their end, at the next heading, with their command', () => {
  const [group, end, heading] = [9, 12, 5];
  assert.deepEqual(sections(marks([2, group], [5, end]), [1]), [{ first: 2, last: 5 }]);
  assert.deepEqual(sections(marks([2, heading], [5, heading]), [1, 9]), [{ first: 2, last: 4 }, { first: 5, last: 8 }]);
  assert.deepEqual(sections(marks([2, group], [3, group], [5, end], [7, end]), [1]), [{ first: 2, last: 7 }, { first: 3, last: 5 }]);
  assert.deepEqual(sections(marks([2, group], [4, heading], [6, end]), []), [{ first: 2, last: 6 }, { first: 4, last: 6 }]);
  assert.deepEqual(sections(marks([2, end], [3, group]), []), [{ first: 3, last: Infinity }]);
  assert.deepEqual(sections(marks([2, 15], [5, 13], [5, 15], [8, 13]), []), [{ first: 2, last: 4 }, { first: 5, last: 8 }]);
});
