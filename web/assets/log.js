// One step's log, live. The stream's event ids are byte offsets, so a connection that was lost goes on exactly where it
// ended: nothing doubled, nothing missing.

import { Parser } from './ansi.js';
import { Lines, choose, mark } from './lines.js';

/** Most characters parsed in one frame, so that a flood does not hold the page. */
const FRAME = 48 * 1024;
const RETRY = [500, 1000, 2000, 5000];

export class Log {
  constructor(pane) {
    this.pane = pane;
    this.log = pane.querySelector('#log');
    this.button = pane.querySelector('.follow');
    this.lines = new Lines(this.log);
    this.parser = new Parser(this.log.dataset.style);
    this.offset = Number(this.log.dataset.offset);
    this.live = 'live' in this.log.dataset && !('window' in this.log.dataset);
    this.queue = [];
    this.frame = 0;
    this.failures = 0;
    this.stop = new AbortController();
    const { signal } = this.stop;
    this.log.addEventListener('click', (event) => choose(event, this.log), { signal });
    addEventListener('hashchange', () => this.jump(), { signal });
    addEventListener('scroll', () => this.scrolled(), { signal, passive: true });
    document.addEventListener('visibilitychange', () => this.visible(), { signal });
    this.button.addEventListener('click', () => this.follow(!this.following), { signal });
    this.button.hidden = !this.live;
    const jumped = this.jump();
    this.follow(this.live && !jumped);
    // Somebody reads here: the page must not go on to another step. */
    this.paused = jumped;
    // A step that went wrong says why at its end.
    if (!this.live && !jumped && 'bad' in this.log.dataset) this.bottom();
    this.visible();
  }

  close() {
    this.stop.abort();
    this.disconnect();
    cancelAnimationFrame(this.frame);
  }

  /** A hidden page reads nothing: browsers open few connections to one server. It goes on when it is seen again. */
  visible() {
    if (document.hidden) this.disconnect();
    else if (this.live && !this.source) this.connect();
  }

  connect() {
    const url = new URL(this.log.dataset.stream, location.href);
    url.searchParams.set('offset', this.offset);
    const source = new EventSource(url);
    this.source = source;
    source.onopen = () => (this.failures = 0);
    source.onmessage = (event) => this.receive(Number(event.lastEventId), JSON.parse(event.data));
    source.addEventListener('end', () => this.end());
    source.onerror = () => {
      // The browser tries again by itself unless the answer was no stream: then it is tried here.
      if (source.readyState !== EventSource.CLOSED) return;
      this.disconnect();
      const wait = RETRY[Math.min(this.failures++, RETRY.length - 1)];
      this.timer = setTimeout(() => this.visible(), wait);
    };
  }

  disconnect() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  receive(offset, text) {
    if (!(offset > this.offset)) return;
    this.offset = offset;
    this.queue.push(text);
    this.schedule();
  }

  schedule() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.paint());
  }

  paint() {
    this.frame = 0;
    let text = '';
    while (this.queue.length && text.length < FRAME) {
      const room = FRAME - text.length;
      const [piece] = this.queue;
      text += piece.slice(0, room);
      if (piece.length > room) this.queue[0] = piece.slice(room);
      else this.queue.shift();
    }
    const finished = this.parser.push(text);
    this.lines.append(finished, this.parser.rest());
    document.getElementById('quiet').hidden = true;
    if (this.lines.dropped) this.say();
    if (this.following) this.bottom();
    if (this.queue.length) this.schedule();
    else if (this.ended) this.finish();
  }

  end() {
    this.live = false;
    this.ended = true;
    this.disconnect();
    if (!this.queue.length && !this.frame) this.finish();
  }

  finish() {
    this.button.hidden = true;
    this.pane.dispatchEvent(new CustomEvent('log-end', { bubbles: true }));
  }

  /** Says that the page holds only the last lines. */
  say() {
    this.note ??= this.pane.querySelector('.cut') ?? this.log.parentElement.insertBefore(document.createElement('p'), this.log);
    const before = this.lines.first() - 1;
    const earlier = document.createElement('a');
    const page = new URL(this.log.dataset.page, location.href);
    page.searchParams.set('line', Math.max(1, before - 500));
    earlier.href = page;
    earlier.textContent = `${before} earlier lines`;
    this.note.className = 'cut';
    this.note.replaceChildren(earlier);
  }

  /** Goes to the line that the address names, on the page that has it. */
  jump() {
    const found = mark(this.log);
    if (!found) return false;
    if (found.line) {
      this.follow(false);
      found.line.scrollIntoView({ block: 'center' });
      return true;
    }
    const elsewhere = found.number < this.lines.first() || 'window' in this.log.dataset;
    const asked = new URLSearchParams(location.search).get('line') === String(found.number);
    if (elsewhere && !asked) {
      const page = new URL(this.log.dataset.page, location.href);
      page.searchParams.set('line', found.number);
      page.hash = location.hash;
      location.replace(page);
    }
    return false;
  }

  follow(on) {
    this.following = on;
    this.paused = !on;
    this.button.setAttribute('aria-pressed', on);
    this.button.textContent = on ? 'Following' : 'Follow';
    if (on) this.bottom();
  }

  /** A log that fits leaves the build's head in sight. */
  bottom() {
    if (this.log.getBoundingClientRect().bottom > innerHeight) scrollTo(0, document.documentElement.scrollHeight);
    this.last = scrollY;
  }

  /** Scrolling up pauses, scrolling to the end goes on. */
  scrolled() {
    const end = innerHeight + scrollY >= document.documentElement.scrollHeight - 4;
    if (this.live && !this.following && end && scrollY > this.last) this.follow(true);
    else if (this.following && scrollY < this.last - 4 && !end) this.follow(false);
    this.last = scrollY;
  }
}
