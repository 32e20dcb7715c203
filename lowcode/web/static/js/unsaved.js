/**
 * Marks changed fields yellow, says how many there are, and asks once before the page is left.
 *
 * <form data-guard>  <div class="field" data-field="onset"><input …></div>  </form>
 * <span data-unsaved-count data-words="編集中・未保存 {count}件" hidden></span>   anywhere on the page
 *
 * Fires "lc:changed" on the form with detail {count}. A form whose data-guard is "dirty" starts as changed
 * (the server gave it back with errors).
 */
import { say } from './focus.js';

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */

/** @param {Control} control what the page came with, as one text */
function original(control) {
  if (control instanceof HTMLSelectElement) {
    const options = [...control.options];
    const chosen = options.filter((option) => option.defaultSelected);
    if (!chosen.length && !control.multiple) return options[0]?.value ?? '';
    return chosen.map((option) => option.value).join('\n');
  }
  if (control instanceof HTMLInputElement && (control.type === 'checkbox' || control.type === 'radio')) return String(control.defaultChecked);
  return control.defaultValue;
}

/** @param {Control} control what stands there now */
function current(control) {
  if (control instanceof HTMLSelectElement) return [...control.selectedOptions].map((option) => option.value).join('\n');
  if (control instanceof HTMLInputElement && (control.type === 'checkbox' || control.type === 'radio')) return String(control.checked);
  return control.value;
}

/** @param {HTMLFormElement} form @returns {number} how many fields differ from what the page came with */
function mark(form) {
  let count = 0;
  const fields = form.querySelectorAll('[data-field]');
  for (const field of fields) {
    const controls = /** @type {NodeListOf<Control>} */ (field.querySelectorAll(':is(input, select, textarea)[name]:not([type="hidden"])'));
    const changed = [...controls].some((control) => current(control) !== original(control));
    const kept = field.hasAttribute('data-was-changed');
    field.classList.toggle('is-changed', changed || kept);
    if (changed || kept) count += 1;
  }
  return count;
}

/** @param {HTMLFormElement} form */
function guard(form) {
  let leaving = false;
  // What the server already marked stays marked: its values differ from the record, not from the page.
  for (const field of form.querySelectorAll('.is-changed[data-field]')) field.setAttribute('data-was-changed', '');

  const update = () => {
    const count = mark(form);
    for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-unsaved-count]'))) {
      place.hidden = count === 0;
      place.textContent = (place.dataset.words ?? '{count}').replace('{count}', String(count));
    }
    form.dispatchEvent(new CustomEvent('lc:changed', { detail: { count }, bubbles: true }));
    return count;
  };
  form.addEventListener('input', update);
  form.addEventListener('change', update);
  form.addEventListener('submit', () => { leaving = true; });
  form.addEventListener('htmx:after:request', () => { leaving = false; update(); });
  addEventListener('pageshow', () => { leaving = false; });
  addEventListener('beforeunload', (event) => {
    if (leaving || !form.isConnected || (mark(form) === 0 && form.dataset.guard !== 'dirty')) return;
    say(document.body.dataset.textLeave ?? '', true);
    event.preventDefault();
  });
  update();
  form.dataset.ready = '';
}

for (const form of document.querySelectorAll('form[data-guard]')) guard(/** @type {HTMLFormElement} */ (form));
