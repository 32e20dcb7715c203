/**
 * Row selection of a list: one box selects all, Shift selects a range, the bar counts.
 *
 * <div data-select-rows><table> … <input class="tick" type="checkbox" data-select-all>
 *   … <input class="tick" type="checkbox" name="ids" value="12" form="bulk"> … </table></div>
 * <form class="selection-bar" id="bulk" data-words="{count}件を選択中"><strong data-selected-count>…</strong>
 *   <button data-select-none>…</button></form>
 */
import { say } from './focus.js';

/** @param {HTMLElement} list */
function rows(list) {
  return /** @type {HTMLInputElement[]} */ ([...list.querySelectorAll('.cell-check input[name="ids"]')]);
}

/** @param {HTMLElement} list */
function attach(list) {
  const all = /** @type {HTMLInputElement | null} */ (list.querySelector('[data-select-all]'));
  const bar = rows(list)[0]?.form ?? null;
  /** @type {HTMLInputElement | null} */
  let last = null;

  const update = () => {
    const boxes = rows(list);
    const count = boxes.filter((box) => box.checked).length;
    for (const box of boxes) box.closest('tr')?.classList.toggle('is-selected', box.checked);
    if (all) {
      all.checked = count > 0 && count === boxes.length;
      all.indeterminate = count > 0 && count < boxes.length;
    }
    if (!bar) return;
    bar.classList.toggle('is-on', count > 0);
    const everything = /** @type {HTMLInputElement | null} */ (bar.elements.namedItem('all'));
    if (everything && count < boxes.length) everything.value = '';
    const place = bar.querySelector('[data-selected-count]');
    if (place && !(everything && everything.value)) place.textContent = (bar.dataset.words ?? '{count}').replace('{count}', String(count));
  };

  list.addEventListener('click', (event) => {
    const box = /** @type {HTMLElement} */ (event.target);
    if (!(box instanceof HTMLInputElement) || box.name !== 'ids') return;
    if (event.shiftKey && last) {
      const boxes = rows(list);
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
    }
    last = box;
    update();
  });
  list.addEventListener('change', (event) => {
    if (event.target === all && all) for (const box of rows(list)) box.checked = all.checked;
    update();
  });
  bar?.querySelector('[data-select-none]')?.addEventListener('click', () => {
    for (const box of rows(list)) box.checked = false;
    update();
    (all ?? list).focus();
  });
  bar?.querySelector('[data-select-everything]')?.addEventListener('click', (event) => {
    const everything = /** @type {HTMLInputElement | null} */ (bar.elements.namedItem('all'));
    const place = bar.querySelector('[data-selected-count]');
    if (!everything || !place) return;
    event.preventDefault();
    for (const box of rows(list)) box.checked = true;
    update();
    everything.value = '1';
    place.textContent = /** @type {HTMLElement} */ (event.currentTarget).textContent ?? '';
    say(place.textContent);
  });
  update();
}

/** Attaches to lists that came with the page or with a swap. */
function attachAll() {
  for (const list of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-select-rows]:not([data-ready])'))) {
    list.dataset.ready = '';
    attach(list);
  }
}
attachAll();
document.addEventListener('htmx:after:swap', attachAll);
