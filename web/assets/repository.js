// @ts-check
// A repository's builds: live while the newest are shown, endless, filtered as soon as a choice is made.

import { endless } from './endless.js';
import { draw, follow } from './live.js';

const page = document.getElementById('repository');
const form = document.querySelector('form.filters');

if (page) {
  const list = endless('build-list', 'tbody');
  if (!new URLSearchParams(location.search).has('before')) {
    follow(page.dataset.stream ?? '', async () => {
      if (list.grown()) return;
      await draw(location.href, ['build-list', 'cards']);
      list.start();
    });
  }
}

if (form instanceof HTMLFormElement) {
  /** The page of what is chosen, without fields that say nothing. */
  const go = () => {
    const chosen = [...new FormData(form)].filter(([, value]) => value).map(([name, value]) => [name, String(value)]);
    location.href = `${form.action}?${new URLSearchParams(chosen)}`;
  };
  form.addEventListener('change', go);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    go();
  });
}
