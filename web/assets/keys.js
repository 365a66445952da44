// @ts-check
// The keyboard. Nothing is taken while somebody types, or together with a modifier.

/**
 * Calls what belongs to a key.
 * @param {{ step: (by: number) => void, follow: () => void }} to
 */
export function keys({ step, follow }) {
  const help = /** @type {HTMLDialogElement} */ (document.getElementById('help'));
  addEventListener('keydown', (event) => {
    const target = /** @type {Element} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest?.('input, textarea, select')) return;
    if (event.key === '?') help.open ? help.close() : help.showModal();
    else if (help.open) return;
    else if (event.key === 'j') step(1);
    else if (event.key === 'k') step(-1);
    else if (event.key === 'f') follow();
    else if (event.key === 'g') scrollTo(0, 0);
    else if (event.key === 'G') scrollTo(0, document.documentElement.scrollHeight);
    else return;
    event.preventDefault();
  });
}
