import { fn, SafeText, type FuncMap } from '../values.ts';
import { match, replaceAll } from './regex.ts';

/** Go's cases.Title without lowering: the first letter of every word in capitals. */
export function title(text: string): string {
  return text.replace(/(?<![\p{L}\p{N}\p{M}_'’])\p{L}/gu, (letter) => letter.toUpperCase());
}

/** What Prometheus and Alertmanager both have. */
export const stringFunctions: FuncMap = {
  toUpper: fn('string', (text: string) => text.toUpperCase()),
  toLower: fn('string', (text: string) => text.toLowerCase()),
  title: fn('string', title),
  match: fn('string, string', match),
  reReplaceAll: fn('string, string, string', replaceAll),
  safeHtml: fn('string', (text: string) => new SafeText('HTML', text)),
};
