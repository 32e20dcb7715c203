/**
 * Opens native dialogs. Escape, the focus trap and the return of focus are the browser's own.
 *
 * <a class="button" href="/apps/3/publish" data-dialog="publish">…</a>   opens it; without scripts the link leads on
 * <dialog class="dialog" id="publish" data-open-now>                     opens at once
 *   <button class="button" type="button" data-close>…</button>           closes it
 * </dialog>
 */
document.addEventListener('click', (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const opener = /** @type {HTMLElement | null} */ (target.closest('[data-dialog]'));
  if (opener && !event.defaultPrevented && !(/** @type {MouseEvent} */ (event)).ctrlKey) {
    const dialog = document.getElementById(opener.dataset.dialog ?? '');
    if (dialog instanceof HTMLDialogElement) {
      event.preventDefault();
      opener.closest('details[data-menu]')?.removeAttribute('open');
      dialog.showModal();
    }
    return;
  }
  if (target.closest('dialog [data-close]')) {
    const dialog = target.closest('dialog');
    if (dialog) {
      event.preventDefault();
      dialog.close();
    }
  }
});

/** Opens what the server wants to be open, also after a swap. */
export function openNow() {
  for (const dialog of document.querySelectorAll('dialog[data-open-now]')) {
    dialog.removeAttribute('data-open-now');
    if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
  }
}

openNow();
document.addEventListener('htmx:after:swap', openNow);
