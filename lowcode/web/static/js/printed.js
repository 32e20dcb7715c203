/**
 * Tells the server that the page is being printed, with the numbers of the records on it.
 *
 * <template data-printed="/k/5/printed" data-records="1,2,3"></template>
 */
addEventListener('beforeprint', () => {
  const place = document.querySelector('[data-printed]');
  const token = document.querySelector('input[name="csrf_token"]');
  if (!(place instanceof HTMLElement) || !(token instanceof HTMLInputElement)) return;
  const body = new URLSearchParams({ csrf_token: token.value, ids: place.dataset.records ?? '' });
  // It must arrive though the person closes the page behind the dialog.
  fetch(place.dataset.printed ?? '', { method: 'POST', body, keepalive: true }).catch(() => undefined);
});

export {}; // a module, even without names
