/** What `../../testdata/zstd.json` holds compressed: the same bytes whenever they are asked for. */
export function samples(): Record<string, Uint8Array> {
  let seed = 1;
  const random = (): number => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff) / 0x80000000;
  const bytes = (length: number, byte: (i: number) => number): Uint8Array =>
    Uint8Array.from({ length }, (_, i) => byte(i));
  const words = ['requests_total', 'instance', 'job', 'api', '10.0.0.', 'zone', 'ü', '\n'];
  const text = Array.from(
    { length: 3000 },
    () => words[Math.floor(random() * words.length)]! + Math.floor(random() * 9),
  );
  return {
    empty: new Uint8Array(0),
    one: Uint8Array.of(7),
    same: bytes(70_000, () => 97),
    noise: bytes(3000, () => Math.floor(random() * 256)),
    skewed: bytes(5000, () => Math.floor(random() ** 4 * 200)),
    few: bytes(900, () => Math.floor(random() * 3)),
    ramp: bytes(4000, (i) => (i * i) >> 8),
    text: new TextEncoder().encode(text.join(' ')),
    long: bytes(300_000, (i) => (i % 1000 < 990 ? (i % 1000) & 255 : Math.floor(random() * 256))),
  };
}
