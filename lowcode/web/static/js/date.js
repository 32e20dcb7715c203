/**
 * A text box for dates that shows how it was understood. The box stays a text box: it is posted as typed,
 * and the server reads the same forms, so nothing is lost without scripts.
 *
 * <lc-date data-today="2026-11-22" data-text-wrong="日付として読み取れません" data-text-open="カレンダーを開く">
 *   <input class="input" name="f3" value="S22.5.3">
 * </lc-date>
 *
 * With data-time the box takes a time of day after the date. The button opens the browser's own calendar; what is chosen there is written as 2026/11/22.
 */
import { explain, iso, readDate } from './date-reading.js';

let serial = 0;

export class DateBox extends HTMLElement {
  #id = `date-${(serial += 1)}`;

  connectedCallback() {
    const input = this.#input;
    if (!input || this.querySelector('.understood')) return;
    const now = new Date();
    const today = this.dataset.today ?? iso(now.getFullYear(), now.getMonth() + 1, now.getDate()) ?? '';
    const timed = this.hasAttribute('data-time');
    const words = document.createElement('p');
    words.className = 'understood';
    words.id = this.#id;
    const box = document.createElement('span');
    box.className = 'input-box';
    const picker = document.createElement('input');
    picker.type = timed ? 'datetime-local' : 'date';
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
      const clock = timed ? /[\sT]+([0-2]?\d:[0-5]\d)$/.exec(input.value.normalize('NFKC')) : null;
      const date = readDate(clock ? input.value.normalize('NFKC').slice(0, clock.index) : input.value, today);
      if (date === null) words.textContent = final ? this.dataset.textWrong ?? '' : '';
      else words.textContent = date && !input.value.replaceAll('/', '-').startsWith(date) ? explain(date, document.documentElement.lang) : '';
      if (date) picker.value = timed ? `${date}T${(clock?.[1] ?? '00:00').padStart(5, '0')}` : date;
    };
    input.addEventListener('input', () => read(false));
    input.addEventListener('change', () => read(true));
    picker.addEventListener('change', () => {
      if (!picker.value) return;
      input.value = picker.value.replaceAll('-', '/').replace('T', ' ');
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
