// @ts-check
/**
 * Keeps calculated values of a form up to date while somebody types; the server calculates.
 *
 * @example
 * <div data-calculate="/k/12/calculate" data-record="34"><form id="edit">… <div data-derived="total">…</div></form></div>
 */
const PAUSE = 400;

for (const box of document.querySelectorAll('[data-calculate]')) {
  const holder = /** @type {HTMLElement} */ (box);
  const form = holder.querySelector('form');
  const shown = /** @type {NodeListOf<HTMLElement>} */ (holder.querySelectorAll('[data-derived]'));
  if (!form || shown.length === 0) continue;
  let timer = 0;
  /** @type {AbortController | undefined} */
  let running;

  const ask = async () => {
    running?.abort();
    running = new AbortController();
    const data = new FormData(form);
    for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
    if (holder.dataset.record) data.set('record', holder.dataset.record);
    try {
      const answer = await fetch(holder.dataset.calculate ?? '', { method: 'POST', body: data, signal: running.signal });
      if (!answer.ok) return;
      const { values } = await answer.json();
      for (const place of shown) {
        const text = values[place.dataset.derived ?? ''];
        if (text !== undefined) place.textContent = text || '—';
      }
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  };

  form.addEventListener('input', () => {
    clearTimeout(timer);
    timer = window.setTimeout(ask, PAUSE);
  });
}
