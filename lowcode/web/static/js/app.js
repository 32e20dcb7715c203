/**
 * Starts the shared behaviours; every page loads this one module.
 *
 * Custom elements are fetched only where a page holds them:
 *   <lc-combobox …>  →  ./combobox.js      <lc-date …>  →  ./date.js      <lc-toast …>  →  ./toast.js
 * so an element that appears later (htmx swap, dialog) is picked up, too.
 */
import './menu.js';
import './dialog.js';
import './shortcuts.js';
import './focus.js';

document.documentElement.classList.add('js');

/** Where each element or marked form lives. */
const MODULES = /** @type {Record<string, () => Promise<unknown>>} */ ({
  'lc-combobox': () => import('./combobox.js'),
  'lc-date': () => import('./date.js'),
  'lc-subtable': () => import('./subtable.js'),
  'lc-toast': () => import('./toast.js'),
  '[data-printed]': () => import('./printed.js'),
  '[data-guard]': () => import('./unsaved.js'),
  '[data-select-rows]': () => import('./selection.js'),
  '[data-rail-toggle]': () => import('./rail.js'),
});
const loaded = new Set();

/** Loads the modules that the page needs by now. */
function look() {
  for (const [selector, load] of Object.entries(MODULES)) {
    if (!loaded.has(selector) && document.querySelector(selector)) {
      loaded.add(selector);
      load();
    }
  }
}

look();
new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
