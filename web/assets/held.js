// @ts-check
// The reader's place, while a page is drawn anew above it.

/**
 * Keeps the line that somebody reads where it is, whatever grows above it; gives what does so afterwards.
 * @param {HTMLElement | null} pane
 */
export function held(pane) {
  const top = pane?.querySelector('.pane-top')?.getBoundingClientRect();
  // Only who has scrolled into the log reads a line of it.
  if (!pane || !top || pane.getBoundingClientRect().top >= top.top) return () => {};
  const row = [...pane.querySelectorAll('.l')].find((line) => line.getBoundingClientRect().top >= top.bottom);
  const at = row?.getBoundingClientRect().top ?? 0;
  return () => {
    if (row?.isConnected) scrollBy({ top: row.getBoundingClientRect().top - at, behavior: 'instant' });
  };
}
