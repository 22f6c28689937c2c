import { recall, remember } from '../theme.ts';

const key = 'prunella.queries';
const length = 30;

/** The queries run lately in this browser, newest first. */
export function queryHistory(): string[] {
  try {
    const parsed: unknown = JSON.parse(recall(key) ?? '[]');
    return Array.isArray(parsed) ? parsed.filter((item): item is string => typeof item === 'string') : [];
  } catch {
    return [];
  }
}

export function addToHistory(expressions: readonly string[]): void {
  const next = [...expressions.filter((expr) => expr.trim() !== ''), ...queryHistory()];
  remember(key, JSON.stringify([...new Set(next)].slice(0, length)));
}
