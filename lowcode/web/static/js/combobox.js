/**
 * An editable combobox with a list from the server (WAI-ARIA pattern). Without scripts the visible box is posted as it is
 * and the server looks it up; with scripts the hidden input holds the chosen value.
 *
 * <lc-combobox data-url="/apps/3/lookup/12?q=" data-text-hits="{count}件" data-text-none="見つかりません"
 *              data-text-choose="選ぶ" data-text-enter="決定" data-new-url="/apps/5/new" data-new-label="新しく登録">
 *   <input class="input" id="f12" name="f12" value="中央内科クリニック" autocomplete="off">
 *   <input type="hidden" name="f12:value" value="81">
 * </lc-combobox>
 *
 * The address answers {"items": [{"value", "label", "detail", "side"}]}; the typed words are added to it.
 * Fires "change" on the visible input, with "lc:choose" (detail: the item) before it.
 */
/** @typedef {{value: string | number, label: string, detail?: string, side?: string}} Item */

let serial = 0;

export class Combobox extends HTMLElement {
  /** @type {Item[]} */ #items = [];
  #current = -1;
  #timer = 0;
  /** @type {AbortController | null} */ #request = null;
  /** @type {HTMLElement | null} */ #panel = null;
  #id = `combo-${(serial += 1)}`;

  /** @returns {HTMLInputElement} */
  get input() { return /** @type {HTMLInputElement} */ (this.querySelector('input:not([type="hidden"])')); }
  get hiddenInput() { return /** @type {HTMLInputElement | null} */ (this.querySelector('input[type="hidden"]')); }

  connectedCallback() {
    const input = this.input;
    if (!input || input.getAttribute('role') === 'combobox') return;
    for (const [name, value] of Object.entries({
      role: 'combobox', 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': `${this.#id}-list`, autocomplete: 'off',
    })) input.setAttribute(name, value);
    input.addEventListener('input', () => {
      if (this.hiddenInput) this.hiddenInput.value = '';
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => this.#fetch(), 150);
    });
    input.addEventListener('keydown', (event) => this.#key(event));
    input.addEventListener('click', () => { if (!this.#panel) this.#fetch(); });
    this.addEventListener('focusout', (event) => {
      if (!this.contains(/** @type {Node | null} */ (event.relatedTarget))) this.close();
    });
  }

  disconnectedCallback() { this.#request?.abort(); }

  /** Asks the server for what fits the words in the box. */
  async #fetch() {
    this.#request?.abort();
    const request = (this.#request = new AbortController());
    try {
      const answer = await fetch((this.dataset.url ?? '') + encodeURIComponent(this.input.value), {
        signal: request.signal, headers: { Accept: 'application/json' },
      });
      if (!answer.ok) return;
      const body = await answer.json();
      if (request.signal.aborted || !this.contains(document.activeElement)) return;
      this.#show(body.items ?? []);
    } catch (error) {
      // An aborted request was overtaken by a newer one; a failed one leaves the box as plain text.
      if (!(error instanceof DOMException) && !(error instanceof TypeError)) throw error;
    }
  }

  /** @param {Item[]} items */
  #show(items) {
    this.#items = items;
    this.#current = items.length && this.input.value ? 0 : -1;
    const panel = (this.#panel ??= this.#makePanel());
    const list = /** @type {HTMLElement} */ (panel.querySelector('[role="listbox"]'));
    list.replaceChildren(...items.map((item, index) => this.#option(item, index)));
    const words = items.length ? (this.dataset.textHits ?? '{count}').replace('{count}', String(items.length)) : this.dataset.textNone ?? '';
    /** @type {HTMLElement} */ (panel.querySelector('.combo-hits')).textContent = words;
    this.input.setAttribute('aria-expanded', 'true');
    this.#mark();
  }

  #makePanel() {
    const panel = document.createElement('div');
    panel.className = 'combo-list';
    const list = document.createElement('div');
    list.className = 'combo-options';
    list.id = `${this.#id}-list`;
    list.setAttribute('role', 'listbox');
    list.setAttribute('aria-label', this.input.labels?.[0]?.textContent ?? '');
    const foot = document.createElement('div');
    foot.className = 'combo-foot';
    const hits = document.createElement('span');
    hits.className = 'combo-hits';
    hits.setAttribute('role', 'status');
    foot.append(hits);
    for (const [key, words] of [['↑↓', this.dataset.textChoose], ['Enter', this.dataset.textEnter]]) {
      if (!words) continue;
      const kbd = document.createElement('kbd');
      kbd.textContent = key ?? '';
      foot.append(kbd, words);
    }
    if (this.dataset.newUrl) {
      const link = document.createElement('a');
      link.href = this.dataset.newUrl;
      link.textContent = this.dataset.newLabel ?? '';
      foot.append(link);
    }
    panel.append(list, foot);
    // pointerdown would take the focus out of the box and close the list before the click arrives
    panel.addEventListener('pointerdown', (event) => { if (!(/** @type {HTMLElement} */ (event.target).closest('a'))) event.preventDefault(); });
    panel.addEventListener('click', (event) => {
      const option = /** @type {HTMLElement} */ (event.target).closest('[role="option"]');
      if (option instanceof HTMLElement) this.choose(Number(option.dataset.index));
    });
    this.append(panel);
    return panel;
  }

  /** @param {Item} item @param {number} index */
  #option(item, index) {
    const option = document.createElement('div');
    option.className = 'combo-option';
    option.id = `${this.#id}-${index}`;
    option.dataset.index = String(index);
    option.setAttribute('role', 'option');
    const name = document.createElement('strong');
    const at = item.label.toLowerCase().indexOf(this.input.value.trim().toLowerCase());
    if (at >= 0 && this.input.value.trim()) {
      const hit = document.createElement('mark');
      const length = this.input.value.trim().length;
      hit.textContent = item.label.slice(at, at + length);
      name.append(item.label.slice(0, at), hit, item.label.slice(at + length));
    } else name.textContent = item.label;
    option.append(name);
    for (const [tag, className, words] of [['small', '', item.detail], ['span', 'combo-side', item.side]]) {
      if (!words) continue;
      const part = document.createElement(tag ?? 'span');
      part.className = className ?? '';
      part.textContent = words;
      option.append(part);
    }
    return option;
  }

  /** Shows which option Enter would take. */
  #mark() {
    for (const option of this.querySelectorAll('[role="option"]')) {
      option.setAttribute('aria-selected', String(Number(/** @type {HTMLElement} */ (option).dataset.index) === this.#current));
    }
    const now = document.getElementById(`${this.#id}-${this.#current}`);
    if (now) this.input.setAttribute('aria-activedescendant', now.id);
    else this.input.removeAttribute('aria-activedescendant');
    now?.scrollIntoView({ block: 'nearest' });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!this.#panel) { this.#fetch(); return; }
      const step = event.key === 'ArrowDown' ? 1 : -1;
      if (this.#items.length) this.#current = (this.#current + step + this.#items.length) % this.#items.length;
      this.#mark();
    } else if (event.key === 'Enter' && this.#panel && this.#current >= 0) {
      event.preventDefault();
      this.choose(this.#current);
    } else if (event.key === 'Escape' && this.#panel) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    }
  }

  /** Takes one of the shown items. @param {number} index */
  choose(index) {
    const item = this.#items[index];
    if (!item) return;
    this.input.value = item.label;
    if (this.hiddenInput) this.hiddenInput.value = String(item.value);
    this.close();
    this.dispatchEvent(new CustomEvent('lc:choose', { detail: item, bubbles: true }));
    this.input.dispatchEvent(new Event('change', { bubbles: true }));
  }

  /** Takes the list away. */
  close() {
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#panel?.remove();
    this.#panel = null;
    this.#current = -1;
    this.input.setAttribute('aria-expanded', 'false');
    this.input.removeAttribute('aria-activedescendant');
  }
}
customElements.define('lc-combobox', Combobox);
