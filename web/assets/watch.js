// @ts-check
// A notification when the build ends, for who asks for it. The browser is asked for its leave by the click, never before.

const build = /** @type {HTMLElement} */ (document.getElementById('build'));
const button = /** @type {HTMLButtonElement | null} */ (document.getElementById('watch'));
const key = `watch ${build.dataset.page}`;

/** Whether it is watched; kept for as long as the tab is open.
 * @param {boolean} on */
function set(on) {
  if (!button) return;
  button.setAttribute('aria-pressed', String(on));
  button.textContent = on ? 'Watching' : 'Tell me when it ends';
  if (on) sessionStorage.setItem(key, '');
  else sessionStorage.removeItem(key);
}

async function clicked() {
  if (button?.getAttribute('aria-pressed') === 'true') return set(false);
  const leave = await Notification.requestPermission();
  if (leave === 'granted') set(true);
  else if (button) button.textContent = 'The browser does not allow it';
}

function ended() {
  if (!button || button.hidden) return;
  button.hidden = true;
  if (sessionStorage.getItem(key) === null) return;
  sessionStorage.removeItem(key);
  const { title = '', icon } = /** @type {HTMLElement} */ (document.getElementById('head')).dataset;
  const notification = new Notification(title, { tag: build.dataset.page, icon });
  notification.addEventListener('click', () => {
    focus();
    notification.close();
  });
}

/** Offers it where it can be had: notifications need a secure context. */
function offer() {
  if (!button || 'final' in build.dataset || !('Notification' in window) || !isSecureContext) return;
  button.hidden = false;
  set(sessionStorage.getItem(key) !== null && Notification.permission === 'granted');
}

button?.addEventListener('click', clicked);
build.addEventListener('build-end', ended);
build.addEventListener('build-again', offer);
offer();
