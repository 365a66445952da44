// @ts-check
// Search results without an end: as long as the link to older builds is in sight, they are looked through.

import { endless } from './endless.js';

endless('log-hits', 'ol.hits');
// The list of commits goes on here only where it is alone: beside logs it is a link to all of them.
if (!document.getElementById('log-hits')) endless('build-hits', 'ol.hits');

addEventListener('keydown', (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const field = document.getElementById('q');
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || target?.closest('input, textarea, select')) return;
  if (!(field instanceof HTMLInputElement)) return;
  event.preventDefault();
  field.focus();
  field.select();
});
