/**
 * At most `most` runes (code points); a longer text ends in `…`. Most services count so, and refuse what is longer.
 */
export function truncateRunes(text: string, most: number): string {
  if (text.length <= most) return text;
  const runes = Array.from(text);
  return runes.length <= most ? text : `${runes.slice(0, most - 1).join('')}…`;
}

/** At most `most` bytes of UTF-8, cut between code points; a longer text ends in `…`. */
export function truncateBytes(text: string, most: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return text;
  const ellipsis = '…';
  let end = most - Buffer.byteLength(ellipsis);
  // A byte 10xxxxxx continues a code point.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, Math.max(end, 0)).toString() + ellipsis;
}
