/**
 * Folds the rail. With data-url the choice is sent to the server, so it survives log-in; nothing is kept in the browser.
 *
 * <button data-rail-toggle data-url="/settings/rail">…</button>
 */
const WIDE = matchMedia('(min-width: 1200px)');

document.addEventListener('click', (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest('[data-rail-toggle]');
  if (!(button instanceof HTMLElement)) return;
  const root = document.documentElement;
  if (!WIDE.matches) {
    // a narrow window folds by itself; opening it there is for this page only
    root.classList.remove('rail-folded');
    root.classList.toggle('rail-open');
    return;
  }
  const folded = root.classList.toggle('rail-folded');
  const token = document.querySelector('input[name="csrf_token"]');
  if (!button.dataset.url || !(token instanceof HTMLInputElement)) return;
  const body = new URLSearchParams({ csrf_token: token.value, rail: folded ? 'folded' : '' });
  fetch(button.dataset.url, { method: 'POST', body, headers: { 'X-CSRF-Token': token.value } }).catch(() => undefined);
});

export {}; // a module, even without names
