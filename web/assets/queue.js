// @ts-check
// The page of queue and runners, live.

import { draw, follow } from './live.js';

const queue = document.getElementById('queue');
const ids = ['queue-head', 'queue-list', 'runner-list'];

if (queue) {
  follow(queue.dataset.stream ?? '', () => draw(location.href, ids));
  // Runners that come and go change no build.
  setInterval(() => document.hidden || draw(location.href, ids).catch(() => {}), 15_000);
}
