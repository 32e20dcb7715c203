/**
 * The editor of a table inside a form. Without scripts each row has a box for its place and a box that deletes it,
 * and a button asks the server for one more row; all of that stays in the form, this only spares the round trips.
 *
 * <lc-subtable class="subtable-editor" data-name="family">
 *   <div class="subtable"><table>… <tbody><tr data-row="0"><td class="cell-handle"><input … name="family-0:id">
 *     <input class="input-place" name="family-0:place"></td> <td>…</td> <td class="cell-tools"><label class="check">
 *     <input type="checkbox" name="family-0:delete"></label></td></tr></tbody></table></div>
 *   <template><table><tbody><tr data-row="__n__">…</tr></tbody></table></template>
 *   <div class="subtable-foot"><button name="_add_row" value="family">…</button></div>
 * </lc-subtable>
 *
 * Enter in the last row adds a row, Alt ↑/↓ moves, rows of a spreadsheet can be pasted into any cell.
 */
import { say } from './focus.js';
import { pasteCells } from './subtable-paste.js';
import { toast } from './toast.js';

const words = document.body.dataset;
const SPRITE = `${new URL('../vendor/lucide-sprite.svg', import.meta.url).pathname}#`;

/** @param {string} name an icon of the sprite */
function icon(name) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(space, 'use');
  use.setAttribute('href', SPRITE + name);
  svg.append(use);
  return svg;
}

export class Subtable extends HTMLElement {
  connectedCallback() {
    if (this.classList.contains('is-ready') || !this.body || !this.querySelector('template')) return;
    this.classList.add('is-ready');
    for (const row of this.rows) this.#dress(row);
    const add = this.querySelector('.subtable-foot button');
    add?.prepend(icon('plus'));
    add?.addEventListener('click', (event) => {
      event.preventDefault();
      this.#focus(this.addRow());
    });
    this.addEventListener('keydown', (event) => this.#key(event));
    this.addEventListener('paste', (event) => this.#paste(event));
  }

  /** @returns {HTMLTableSectionElement} */
  get body() { return /** @type {HTMLTableSectionElement} */ (this.querySelector('.subtable tbody')); }

  /** Rows that count, in order. @returns {HTMLTableRowElement[]} */
  get rows() { return [...this.body.rows].filter((row) => !row.hidden); }

  /** Appends an empty row. @returns {HTMLTableRowElement} */
  addRow() {
    const template = /** @type {HTMLTemplateElement} */ (this.querySelector('template'));
    const next = 1 + Math.max(-1, ...[...this.body.rows].map((row) => Number(row.dataset.row)));
    const holder = document.createElement('template');
    holder.innerHTML = template.innerHTML.replaceAll('__n__', String(next)); // the server's own markup, with a number in it
    const row = /** @type {HTMLTableRowElement} */ (holder.content.querySelector('tr'));
    this.body.append(row);
    this.#dress(row);
    this.#renumber();
    return row;
  }

  /** Puts the handle and the buttons into a row. @param {HTMLTableRowElement} row */
  #dress(row) {
    const handle = document.createElement('span');
    handle.className = 'row-handle';
    handle.append(icon('grip-vertical'));
    handle.addEventListener('pointerdown', (event) => this.#drag(row, handle, event));
    row.querySelector('.cell-handle')?.append(handle);
    const tools = document.createElement('div');
    tools.className = 'row';
    const buttons = /** @type {Array<[string, string | undefined, () => void]>} */ ([
      ['arrow-up', words.textRowUp, () => this.#move(row, -1)], ['arrow-down', words.textRowDown, () => this.#move(row, 1)],
      ['copy', words.textRowCopy, () => this.#copy(row)], ['trash-2', words.textRowDelete, () => this.#remove(row)],
    ]);
    for (const [name, label, action] of buttons) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'button button-small button-icon';
      button.title = label ?? '';
      button.setAttribute('aria-label', label ?? '');
      button.append(icon(name));
      button.addEventListener('click', action);
      tools.append(button);
    }
    row.querySelector('.cell-tools')?.append(tools);
  }

  /** @param {HTMLTableRowElement} row @param {number} step */
  #move(row, step) {
    const rows = this.rows;
    const other = rows[rows.indexOf(row) + step];
    if (!other) return;
    const held = document.activeElement;
    if (step < 0) other.before(row);
    else other.after(row);
    this.#renumber();
    if (held instanceof HTMLElement && row.contains(held)) held.focus();
  }

  /** @param {HTMLTableRowElement} row */
  #copy(row) {
    const copy = this.addRow();
    row.after(copy);
    const to = this.cells(copy);
    this.cells(row).forEach((from, index) => {
      const goal = to[index];
      if (goal && 'checked' in from && 'checked' in goal && from.matches('[type="checkbox"], [type="radio"]')) goal.checked = from.checked;
      else if (goal) goal.value = from.value;
    });
    this.#renumber();
    this.#focus(copy);
  }

  /** Hides and ticks; a bar offers to take it back. @param {HTMLTableRowElement} row */
  #remove(row) {
    const box = /** @type {HTMLInputElement | null} */ (row.querySelector('.cell-tools input[type="checkbox"]'));
    const rows = this.rows;
    const near = rows[rows.indexOf(row) + 1] ?? rows[rows.indexOf(row) - 1];
    if (box) box.checked = true;
    row.hidden = true;
    this.#renumber();
    if (near) this.#focus(near);
    toast(words.textRowDeleted ?? '', {
      undoLabel: words.textUndo,
      undo: () => {
        if (box) box.checked = false;
        row.hidden = false;
        this.#renumber();
        this.#focus(row);
      },
    });
  }

  /** The controls that a person fills in. @param {HTMLTableRowElement} row */
  cells(row) {
    return /** @type {Array<HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>} */ ([...row.querySelectorAll(
      'td:not(.cell-handle, .cell-tools) :is(input:not([type="hidden"], [type="file"]), select, textarea)',
    )]);
  }

  /** @param {HTMLTableRowElement} row */
  #focus(row) { this.cells(row)[0]?.focus(); }

  /** Places follow the order on the page, and the form learns that something changed. */
  #renumber() {
    this.rows.forEach((row, index) => {
      const place = /** @type {HTMLInputElement | null} */ (row.querySelector('.input-place'));
      if (place) place.value = String(index + 1);
    });
    this.dispatchEvent(new Event('change', { bubbles: true }));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing || event.keyCode === 229) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const row = /** @type {HTMLTableRowElement | null} */ (target.closest('tbody tr'));
    if (!row || event.defaultPrevented) return;
    if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      event.preventDefault();
      this.#move(row, event.key === 'ArrowUp' ? -1 : 1);
    } else if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey && target.matches('input')) {
      event.preventDefault(); // Enter in a row never sends the whole form
      const rows = this.rows;
      this.#focus(rows[rows.indexOf(row) + 1] ?? this.addRow());
    }
  }

  /** @param {ClipboardEvent} event */
  #paste(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const row = /** @type {HTMLTableRowElement | null} */ (target.closest('tbody tr'));
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (!row || !/\t|\n./.test(text) || target.matches('textarea')) return;
    event.preventDefault();
    const count = pasteCells(this, row, target, text);
    this.#renumber();
    say((words.textRowsPasted ?? '{count}').replace('{count}', String(count)));
  }

  /** @param {HTMLTableRowElement} row @param {HTMLElement} handle @param {PointerEvent} event */
  #drag(row, handle, event) {
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    row.classList.add('is-moving');
    /** @param {PointerEvent} moved */
    const follow = (moved) => {
      const over = this.rows.find((other) => {
        const box = other.getBoundingClientRect();
        return other !== row && moved.clientY > box.top && moved.clientY < box.bottom;
      });
      if (!over) return;
      if (over.rowIndex > row.rowIndex) over.after(row);
      else over.before(row);
    };
    const drop = () => {
      handle.removeEventListener('pointermove', follow);
      row.classList.remove('is-moving');
      this.#renumber();
    };
    handle.addEventListener('pointermove', follow);
    handle.addEventListener('lostpointercapture', drop, { once: true });
  }
}
customElements.define('lc-subtable', Subtable);
