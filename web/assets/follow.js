// @ts-check
// Staying at the end of a log that is written. A scroll up pauses it, a scroll to the end goes on.

export class Follow {
  /**
   * @param {HTMLElement} button
   * @param {import('./log.js').Log} log
   * @param {AbortSignal} signal
   */
  constructor(button, log, signal) {
    this.button = button;
    this.log = log;
    this.on = false;
    /** Somebody reads here: the page must not go on to another step. */
    this.paused = false;
    this.last = 0;
    button.hidden = !log.live;
    button.addEventListener('click', () => this.set(!this.on), { signal });
    addEventListener('scroll', () => this.scrolled(), { signal, passive: true });
  }

  /** @param {boolean} on */
  set(on) {
    const { live } = this.log;
    if (on && !live) return;
    this.on = on;
    if (live) this.paused = !on;
    this.button.setAttribute('aria-pressed', String(on));
    this.button.textContent = on ? 'Following' : 'Follow';
    if (on) this.log.view.bottom();
    this.last = scrollY;
  }

  /** Nothing more comes. */
  over() {
    this.on = false;
    this.button.hidden = true;
  }

  scrolled() {
    const end = innerHeight + scrollY >= document.documentElement.scrollHeight - 4;
    if (this.log.live && !this.on && end && scrollY > this.last) this.set(true);
    else if (this.on && scrollY < this.last - 4 && !end) this.set(false);
    this.last = scrollY;
  }
}
