/**
 * Puts the focus where the reader must look first, and says short news aloud.
 *
 * <div class="error-summary" tabindex="-1" data-take-focus>…</div>
 * import { say } from './focus.js';  say('3件を更新しました');
 *
 * Also shows a bar while the connection is lost; its words are data-text-offline of <body>.
 */

/** @param {ParentNode} [root] */
export function takeFocus(root = document) {
  const wanted = root.querySelector('[data-take-focus]');
  if (wanted instanceof HTMLElement) {
    wanted.removeAttribute('data-take-focus');
    wanted.focus();
  }
}

/**
 * Read out once, politely, or at once when urgent.
 * @param {string} text
 * @param {boolean} [urgent]
 */
export function say(text, urgent = false) {
  const region = document.getElementById(urgent ? 'live-assertive' : 'live-polite');
  if (!region) return;
  region.textContent = '';
  setTimeout(() => { region.textContent = text; }, 60);
}

// A link of the error summary leads to the control itself, also inside a group.
document.addEventListener('click', (event) => {
  const link = /** @type {HTMLElement} */ (event.target).closest('.error-links a[href^="#"]');
  if (!link) return;
  const goal = document.getElementById(decodeURIComponent((link.getAttribute('href') ?? '').slice(1)));
  const control = goal?.matches('input, select, textarea') ? goal : goal?.querySelector('input, select, textarea');
  if (!(control instanceof HTMLElement)) return;
  event.preventDefault();
  control.focus({ preventScroll: true });
  control.scrollIntoView({ block: 'center' });
});

/** @param {boolean} lost */
function showConnection(lost) {
  document.querySelector('.offline-bar')?.remove();
  if (!lost) return;
  const bar = document.createElement('div');
  bar.className = 'offline-bar';
  bar.setAttribute('role', 'alert');
  bar.textContent = document.body.dataset.textOffline ?? '';
  document.body.append(bar);
}
addEventListener('offline', () => showConnection(true));
addEventListener('online', () => showConnection(false));
document.addEventListener('htmx:after:swap', () => takeFocus());
takeFocus();

// Of many tabs the current one is in sight. Sideways only: tabs may lie far down the page (the changes of a record on a phone), and the page must open at its top.
for (const tabs of document.querySelectorAll('.tabs')) {
  const tab = tabs.querySelector('[aria-current]');
  if (!(tab instanceof HTMLElement) || tabs.scrollWidth <= tabs.clientWidth) continue;
  const [outer, inner] = [tabs.getBoundingClientRect(), tab.getBoundingClientRect()];
  tabs.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
}
