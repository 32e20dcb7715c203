/**
 * Rows of a spreadsheet into the cells of a subtable, from the pasted-into cell to the right and downwards.
 * Choices are matched by their words; what does not match is left for the server to name.
 */

/**
 * @param {string} text tab and line separated, with "quoted" cells
 * @returns {string[][]}
 */
export function readCells(text) {
  /** @type {string[][]} */
  const rows = [[]];
  let cell = '';
  let quoted = false;
  const clean = text.replace(/\r\n?/g, '\n').replace(/\n$/, '');
  for (let at = 0; at < clean.length; at += 1) {
    const sign = clean[at];
    if (quoted) {
      if (sign === '"' && clean[at + 1] === '"') { cell += '"'; at += 1; } else if (sign === '"') quoted = false;
      else cell += sign;
    } else if (sign === '"' && cell === '') quoted = true;
    else if (sign === '\t' || sign === '\n') {
      rows[rows.length - 1]?.push(cell);
      cell = '';
      if (sign === '\n') rows.push([]);
    } else cell += sign;
  }
  rows[rows.length - 1]?.push(cell);
  return rows;
}

/**
 * @param {import('./subtable.js').Subtable} table
 * @param {HTMLTableRowElement} first the row pasted into
 * @param {HTMLElement} target the control pasted into
 * @param {string} text
 * @returns {number} how many rows were filled
 */
export function pasteCells(table, first, target, text) {
  const column = Math.max(0, /** @type {HTMLElement[]} */ (table.cells(first)).indexOf(target));
  const start = table.rows.indexOf(first);
  const lines = readCells(text);
  lines.forEach((line, down) => {
    const row = table.rows[start + down] ?? table.addRow();
    const cells = table.cells(row);
    line.forEach((value, right) => {
      const cell = cells[column + right];
      if (!cell || ('readOnly' in cell && cell.readOnly)) return;
      if (cell instanceof HTMLSelectElement) {
        const option = [...cell.options].find((choice) => choice.text.trim() === value.trim());
        if (option) option.selected = true;
      } else if (cell instanceof HTMLInputElement && cell.matches('[type="checkbox"], [type="radio"]')) {
        cell.checked = /^(1|true|yes|はい|○|✓)$/i.test(value.trim());
      } else cell.value = value;
      cell.dispatchEvent(new Event('input', { bubbles: true }));
    });
  });
  return lines.length;
}
