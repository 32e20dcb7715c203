/**
 * Reads dates as people write them; no DOM, so it can be tested alone. The server reads the same forms and has the last word.
 *
 *   readDate('S22.5.3')  readDate('昭和22年5月3日')  readDate('１９４７/０５/０３')  readDate('19470503')  readDate('5/3', today)  readDate('今日', today)
 */

/** Era letter, name, first day and offset of the western year. */
const ERAS = /** @type {const} */ ([
  { letter: 'R', name: '令和', offset: 2018, from: '2019-05-01' },
  { letter: 'H', name: '平成', offset: 1988, from: '1989-01-08' },
  { letter: 'S', name: '昭和', offset: 1925, from: '1926-12-25' },
  { letter: 'T', name: '大正', offset: 1911, from: '1912-07-30' },
  { letter: 'M', name: '明治', offset: 1867, from: '1868-01-25' },
]);
const WORDS = /** @type {Record<string, number>} */ ({ 今日: 0, 本日: 0, 昨日: -1, 一昨日: -2, 明日: 1, 明後日: 2, today: 0, yesterday: -1, tomorrow: 1 });

/** @param {number} year @param {number} month @param {number} day @returns {string | null} ISO date, null when there is no such day */
export function iso(year, month, day) {
  const date = new Date(Date.UTC(2000, 0, 1));
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || year < 1) return null;
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

/**
 * @param {string} raw what was typed
 * @param {string} today ISO date of today, as the server says
 * @returns {string | null} ISO date; null when it cannot be read; '' when nothing was typed
 */
export function readDate(raw, today) {
  const text = raw.normalize('NFKC').trim().toLowerCase().replace(/元(?=[年.\/-])/, '1');
  if (!text) return '';
  const [thisYear, thisMonth, thisDay] = today.split('-').map(Number);
  if (text in WORDS) {
    const date = new Date(Date.UTC(thisYear ?? 2000, (thisMonth ?? 1) - 1, (thisDay ?? 1) + (WORDS[text] ?? 0)));
    return date.toISOString().slice(0, 10);
  }
  const digits = /^(\d{4})(\d{2})(\d{2})$/.exec(text);
  if (digits) return iso(Number(digits[1]), Number(digits[2]), Number(digits[3]));
  const era = /^(令和|平成|昭和|大正|明治|[rhstm])\s*(\d{1,2})\s*[年.\/-]\s*(\d{1,2})\s*[月.\/-]\s*(\d{1,2})\s*日?$/.exec(text);
  if (era) {
    const found = ERAS.find((e) => e.name === era[1] || e.letter.toLowerCase() === era[1]);
    const date = found ? iso(found.offset + Number(era[2]), Number(era[3]), Number(era[4])) : null;
    return date && found && date >= found.from ? date : null;
  }
  const full = /^(\d{4})\s*[年.\/-]\s*(\d{1,2})\s*[月.\/-]\s*(\d{1,2})\s*日?$/.exec(text);
  if (full) return iso(Number(full[1]), Number(full[2]), Number(full[3]));
  const short = /^(\d{1,2})\s*[月\/-]\s*(\d{1,2})\s*日?$/.exec(text);
  if (short) return iso(thisYear ?? 2000, Number(short[1]), Number(short[2]));
  return null;
}

/**
 * How a date was understood: with the era and the day of the week.
 * @param {string} date ISO
 * @param {string} locale 'ja' or 'en'
 */
export function explain(date, locale) {
  const day = new Date(`${date}T00:00:00Z`);
  if (locale !== 'ja') {
    return new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeZone: 'UTC' }).format(day);
  }
  const weekday = new Intl.DateTimeFormat('ja', { weekday: 'short', timeZone: 'UTC' }).format(day);
  const [year, month, number] = date.split('-').map(Number);
  const era = ERAS.find((e) => date >= e.from);
  const words = era ? `（${era.name}${(year ?? 0) - era.offset === 1 ? '元' : (year ?? 0) - era.offset}年）` : '';
  return `${year}年${words}${month}月${number}日（${weekday}）`;
}
