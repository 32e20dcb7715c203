/**
 * A text box for dates that shows how it was understood. The box stays a text box: it is posted as typed,
 * and the server reads the same forms, so nothing is lost without scripts.
 *
 * <lc-date data-today="2026-11-22" data-text-wrong="日付として読み取れません" data-text-open="カレンダーを開く">
 *   <input class="input" name="f3" value="S22.5.3">
 * </lc-date>
 *
 * The button opens the browser's own calendar; what is chosen there is written as 2026/11/22.
 */
import { explain, readDate } from './date-reading.js';

let serial = 0;

export class DateBox extends HTMLElement {
  #id = `date-${(serial += 1)}`;

  connectedCallback() {
    const input = this.#input;
    if (!input || this.querySelector('.understood')) return;
    const today = this.dataset.today ?? new Date().toISOString().slice(0, 10);
    const words = document.createElement('p');
    words.className = 'understood';
    words.id = this.#id;
    const box = document.createElement('span');
    box.className = 'input-box';
    const picker = document.createElement('input');
    picker.type = 'date';
    picker.className = 'visually-hidden';
    picker.tabIndex = -1;
    picker.setAttribute('aria-hidden', 'true');
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'button button-small button-icon';
    button.title = this.dataset.textOpen ?? '';
    button.setAttribute('aria-label', this.dataset.textOpen ?? '');
    button.append(this.#icon());
    input.replaceWith(box);
    box.append(input, picker, button);
    this.append(words);
    input.setAttribute('aria-describedby', `${input.getAttribute('aria-describedby') ?? ''} ${this.#id}`.trim());

    const read = (/** @type {boolean} */ final) => {
      const date = readDate(input.value, today);
      if (date === null) words.textContent = final ? this.dataset.textWrong ?? '' : '';
      else words.textContent = date && date !== input.value.replaceAll('/', '-') ? explain(date, document.documentElement.lang) : '';
      if (date) picker.value = date;
    };
    input.addEventListener('input', () => read(false));
    input.addEventListener('change', () => read(true));
    picker.addEventListener('change', () => {
      if (!picker.value) return;
      input.value = picker.value.replaceAll('-', '/');
      read(true);
      for (const name of ['input', 'change']) input.dispatchEvent(new Event(name, { bubbles: true }));
    });
    button.addEventListener('click', () => {
      read(false);
      try {
        picker.showPicker();
      } catch (error) {
        // Browsers without a calendar of their own: the box takes typing anyway.
        if (!(error instanceof DOMException) && !(error instanceof TypeError)) throw error;
        input.focus();
      }
    });
    read(false);
  }

  /** @returns {HTMLInputElement | null} */
  get #input() { return this.querySelector('input'); }

  /** The calendar icon, from the sprite that the page already uses. */
  #icon() {
    const space = 'http://www.w3.org/2000/svg';
    const icon = document.createElementNS(space, 'svg');
    icon.setAttribute('class', 'icon');
    icon.setAttribute('viewBox', '0 0 24 24');
    icon.setAttribute('aria-hidden', 'true');
    const use = document.createElementNS(space, 'use');
    use.setAttribute('href', `${new URL('../vendor/lucide-sprite.svg', import.meta.url).pathname}#calendar`);
    icon.append(use);
    return icon;
  }
}
customElements.define('lc-date', DateBox);
