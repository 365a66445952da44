// @ts-check
// The first page, live.

import { filter } from './filter.js';
import { draw, follow } from './live.js';

const home = document.getElementById('home');
const field = document.getElementById('filter');
const list = () => document.getElementById('list');

if (home && field instanceof HTMLInputElement) {
  follow(home.dataset.stream ?? '', () => draw(location.href, ['active', 'list']));
  filter(
    field,
    (url, signal) => draw(url, ['list'], { still: false, signal }),
    () => list()?.querySelector('.c-name a')?.getAttribute('href'),
  );
}
