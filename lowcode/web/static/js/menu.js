/**
 * Menus and popovers open without scripts (details); this closes them as people expect:
 * Escape (focus goes back), a click elsewhere, opening another. Arrow keys walk the entries.
 *
 * <details class="menu" data-menu>
 *   <summary class="button">…</summary>
 *   <div class="menu-list"><a href="…">…</a><button>…</button></div>
 * </details>
 */

/** @returns {HTMLDetailsElement[]} */
const openMenus = () => [...document.querySelectorAll('details[data-menu][open]')].map((e) => /** @type {HTMLDetailsElement} */ (e));

document.addEventListener('click', (event) => {
  for (const menu of openMenus()) {
    if (!menu.contains(/** @type {Node} */ (event.target))) menu.open = false;
  }
});

document.addEventListener('toggle', (event) => {
  const opened = /** @type {HTMLElement} */ (event.target);
  if (!(opened instanceof HTMLDetailsElement) || !opened.open || !opened.matches('[data-menu]')) return;
  for (const menu of openMenus()) {
    if (menu !== opened && !menu.contains(opened)) menu.open = false;
  }
  keepInView(opened);
}, true);

document.addEventListener('keydown', (event) => {
  if (event.isComposing || event.keyCode === 229) return;
  const menu = /** @type {HTMLElement} */ (event.target).closest?.('details[data-menu][open]');
  if (!(menu instanceof HTMLDetailsElement)) return;
  if (event.key === 'Escape') {
    menu.open = false;
    menu.querySelector('summary')?.focus();
    event.stopPropagation();
  } else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && menu.querySelector('.menu-list')) {
    const entries = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll('.menu-list :is(a, button)')]);
    if (!entries.length) return;
    const now = entries.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const step = event.key === 'ArrowDown' ? 1 : -1;
    entries[(now + step + entries.length) % entries.length].focus();
    event.preventDefault();
  }
});

/**
 * A list that would leave the window opens towards the other side.
 * @param {HTMLDetailsElement} menu
 */
function keepInView(menu) {
  const list = menu.querySelector('.menu-list, .popover');
  if (!list || getComputedStyle(list).position === 'fixed') return;
  const box = list.getBoundingClientRect();
  if (box.left < 0) menu.classList.add('menu-start');
  if (box.right > innerWidth) menu.classList.add('menu-end');
  if (box.bottom > innerHeight && box.top > box.height) menu.classList.add('menu-up');
}

export {}; // a module, even without names
