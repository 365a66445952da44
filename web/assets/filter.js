// @ts-check
// A field that filters as one types. Without this module its form does the same.

/**
 * @param {HTMLInputElement} field
 * @param {(url: string, signal: AbortSignal) => Promise<void>} show what draws the page of an address
 * @param {() => string | null | undefined} first where Enter leads
 */
export function filter(field, show, first) {
  const form = field.form;
  if (!form) return;
  let timer = 0;
  let asked = new AbortController();
  /** The page of what is typed. */
  const url = () => {
    const text = field.value.trim();
    return text ? `${form.action}?${new URLSearchParams({ [field.name]: text })}` : form.action;
  };
  async function now() {
    clearTimeout(timer);
    asked.abort();
    asked = new AbortController();
    const to = url();
    try {
      await show(to, asked.signal);
      history.replaceState(null, '', to);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError')) location.href = to;
    }
  }
  field.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(now, 80);
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    await now();
    const to = field.value.trim() && first();
    if (to) location.href = to;
  });
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !field.value) field.blur();
  });
  addEventListener('keydown', (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || target?.closest('input, textarea, select')) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
}
