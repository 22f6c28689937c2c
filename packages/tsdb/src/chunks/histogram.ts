import type { ColumnBuilder } from './columns.ts';
import { CorruptionError } from '../errors.ts';
export function decodeHistograms(
  _encoding: number,
  _bytes: Uint8Array,
  _start: number,
  _end: number,
  _into: ColumnBuilder,
  _mint: number,
  _maxt: number,
): void {
  throw new CorruptionError('histogram chunks come next');
}
