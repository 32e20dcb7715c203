/**
 * Keys that work on every page.
 *   Ctrl K  the global search          <input data-global-search>
 *   Ctrl S  saves the form             <form data-save-keys>
 *   Ctrl Enter  saves and goes on      <button name="then" value="next" data-save-next>
 *   Alt ← / Alt →  the record before / after    <a rel="prev" data-walk>
 * With data-shortcuts="off" on <html> only Ctrl S stays (WCAG 2.1.4).
 */
document.addEventListener('keydown', (event) => {
  if (event.isComposing || event.keyCode === 229) return;
  const control = event.ctrlKey || event.metaKey;
  const off = document.documentElement.dataset.shortcuts === 'off';
  if (control && event.key.toLowerCase() === 's') {
    const form = saveForm(event.target);
    if (!form) return;
    event.preventDefault();
    form.requestSubmit(/** @type {HTMLElement | null} */ (form.querySelector('[data-save]')) ?? undefined);
  } else if (control && event.key === 'Enter') {
    const form = saveForm(event.target);
    const next = /** @type {HTMLElement | null} */ (form?.querySelector('[data-save-next]') ?? form?.querySelector('[data-save]') ?? null);
    if (!form) return;
    event.preventDefault();
    form.requestSubmit(next ?? undefined);
  } else if (control && !event.shiftKey && event.key.toLowerCase() === 'k' && !off) {
    const search = document.querySelector('[data-global-search]');
    if (!(search instanceof HTMLInputElement)) return;
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.altKey && !off && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) {
    const rel = event.key === 'ArrowLeft' ? 'prev' : 'next';
    const link = document.querySelector(`a[data-walk][rel="${rel}"]`);
    if (!(link instanceof HTMLAnchorElement) || /** @type {HTMLElement} */ (event.target).matches('input, select, textarea')) return;
    event.preventDefault();
    link.click();
  }
});

/**
 * The form that a save key means: the one in the open dialog, the one being typed in, or the page's own.
 * @param {EventTarget | null} target
 * @returns {HTMLFormElement | null}
 */
function saveForm(target) {
  const near = target instanceof Element ? target.closest('form[data-save-keys]') : null;
  return /** @type {HTMLFormElement | null} */ (near ?? document.querySelector('dialog[open] form[data-save-keys]')
    ?? (document.querySelector('dialog[open]') ? null : document.querySelector('form[data-save-keys]')));
}

export {}; // a module, even without names
