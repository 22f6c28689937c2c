import { fn, SafeText, type FuncMap } from '../values.ts';
import { match, replaceAll } from './regex.ts';

/**
 * Go's cases.Title, which Alertmanager uses: of every word, as Unicode parts them, the first letter is a capital and the
 * others are not.
 */
export function titleWords(text: string): string {
  const segments = Array.from(words.segment(text), ({ segment }) => segment);
  return segments
    .map((segment) => toLower(segment).replace(/\p{L}/u, (letter) => TITLE_CASE[letter] ?? toUpper(letter)))
    .join('');
}

const words = new Intl.Segmenter('en', { granularity: 'word' });
/** Letters that are two, of which only the first becomes a capital. */
const TITLE_CASE: Readonly<Record<string, string>> = { ǆ: 'ǅ', ǉ: 'ǈ', ǌ: 'ǋ', ǳ: 'ǲ' };

/** Go's strings.Title, which Prometheus uses: a letter behind anything but a letter, a digit or `_` is a capital. */
export function title(text: string): string {
  return text.replace(
    /(?<![\p{L}\p{N}_]|[^\p{ASCII}\s])\p{L}/gu,
    (letter) => TITLE_CASE[letter] ?? toUpper(letter),
  );
}

/** Letter by letter: `ß` has no capital of its own, and an `ς` at the end of a word is a matter of spelling. */
export function toUpper(text: string): string {
  return mapLetters(text, (letter) => letter.toUpperCase());
}

export function toLower(text: string): string {
  return mapLetters(text, (letter) => (letter === '\u0130' ? 'i' : letter.toLowerCase()));
}

function mapLetters(text: string, map: (letter: string) => string): string {
  return text.replace(/\P{ASCII}|[A-Za-z]+/gu, (letters) => {
    const mapped = map(letters);
    return letters.length > 2 || Array.from(mapped).length === Array.from(letters).length ? mapped : letters;
  });
}

/** What Prometheus and Alertmanager both have. */
export const stringFunctions: FuncMap = {
  toUpper: fn('string', toUpper),
  toLower: fn('string', toLower),
  title: fn('string', title),
  match: fn('string, string', match),
  reReplaceAll: fn('string, string, string', replaceAll),
  safeHtml: fn('string', (text: string) => new SafeText('HTML', text)),
};
