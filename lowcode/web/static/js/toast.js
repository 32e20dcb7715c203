/**
 * A message bar that goes away by itself; it waits while the pointer or the focus is on it.
 *
 * <lc-toast class="toast" data-seconds="10"><span>3件を更新しました</span>
 *   <form method="post" action="…"><button class="button button-undo">元に戻す</button></form>
 *   <button type="button" data-close>…</button></lc-toast>
 *
 * data-seconds="0" stays until closed. import { toast } from './toast.js' makes one from a script.
 */
import { say } from './focus.js';

export class Toast extends HTMLElement {
  #timer = 0;
  connectedCallback() {
    say(this.querySelector('span')?.textContent ?? '', this.classList.contains('toast-error'));
    this.addEventListener('click', (event) => {
      if (/** @type {HTMLElement} */ (event.target).closest('[data-close]')) this.remove();
    });
    for (const name of ['pointerenter', 'focusin']) this.addEventListener(name, () => clearTimeout(this.#timer));
    for (const name of ['pointerleave', 'focusout']) this.addEventListener(name, () => this.#start());
    this.#start();
  }

  disconnectedCallback() { clearTimeout(this.#timer); }

  #start() {
    clearTimeout(this.#timer);
    const seconds = Number(this.dataset.seconds ?? 10);
    if (seconds > 0) this.#timer = window.setTimeout(() => this.remove(), seconds * 1000);
  }
}
customElements.define('lc-toast', Toast);

/**
 * Shows a bar from a script. `undo` is called by the button, whose word comes from the page.
 * @param {string} text
 * @param {{undo?: () => void, undoLabel?: string, kind?: '' | 'error'}} [options]
 * @returns {HTMLElement}
 */
export function toast(text, { undo, undoLabel = '', kind = '' } = {}) {
  const bar = document.createElement('lc-toast');
  bar.className = kind ? `toast toast-${kind}` : 'toast';
  bar.dataset.seconds = kind === 'error' ? '0' : '10';
  const words = document.createElement('span');
  words.textContent = text;
  bar.append(words);
  if (undo) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'button button-small button-undo';
    button.textContent = undoLabel;
    button.addEventListener('click', () => { bar.remove(); undo(); });
    bar.append(button);
  }
  document.getElementById('toasts')?.append(bar);
  return bar;
}
