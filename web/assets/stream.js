// @ts-check
// A log as it comes. An event's id is the byte offset after its text, so a connection that was lost goes on exactly
// where it ended: nothing doubled, nothing missing.

const RETRY = [500, 1000, 2000, 5000];

export class Stream {
  /**
   * @param {string} url
   * @param {number} offset
   * @param {{ text: (text: string) => void, end: () => void }} to
   */
  constructor(url, offset, to) {
    this.url = url;
    this.offset = offset;
    this.to = to;
    this.failures = 0;
    /** @type {EventSource | null} */
    this.source = null;
    this.over = false;
  }

  open() {
    if (this.source || this.over) return;
    const url = new URL(this.url, location.href);
    url.searchParams.set('offset', String(this.offset));
    const source = new EventSource(url);
    this.source = source;
    source.onopen = () => (this.failures = 0);
    source.onmessage = (event) => {
      const offset = Number(event.lastEventId);
      if (!(offset > this.offset)) return;
      this.offset = offset;
      this.to.text(JSON.parse(event.data));
    };
    source.addEventListener('end', () => {
      this.over = true;
      this.close();
      this.to.end();
    });
    source.onerror = () => {
      // The browser tries again by itself unless the answer was no stream: then it is tried here.
      if (source.readyState !== EventSource.CLOSED) return;
      this.close();
      const wait = RETRY[Math.min(this.failures++, RETRY.length - 1)];
      this.timer = setTimeout(() => document.hidden || this.open(), wait);
    };
  }

  close() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }
}
