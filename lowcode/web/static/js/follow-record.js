// @ts-check
/**
 * Follows kintone's address of a record.
 *
 * @example
 * <div data-follow-record>…</div>   on the page /k/12/show#record=34   leads to   /k/12/show/34
 */
const match = /(?:^#|&)record=(\d{1,18})/.exec(location.hash);
if (match && document.querySelector('[data-follow-record]')) {
  location.replace(`${location.pathname.replace(/\/$/, '')}/${match[1]}`);
}
