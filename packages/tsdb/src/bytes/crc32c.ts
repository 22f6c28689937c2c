/** CRC-32C (Castagnoli, reflected polynomial 0x82f63b78), eight bytes a step ("slicing by 8"). */
const TABLES = buildTables();

function buildTables(): Uint32Array {
  const tables = new Uint32Array(8 * 256);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    tables[i] = crc >>> 0;
  }
  for (let i = 256; i < 8 * 256; i++) {
    const previous = tables[i - 256] as number;
    tables[i] = (previous >>> 8) ^ (tables[previous & 255] as number);
  }
  return tables;
}

/**
 * The checksum of `bytes[start, end)`. Pass the checksum of what came before to go on.
 * Test vector: the nine ASCII digits "123456789" give 0xe3069283.
 */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length, before = 0): number {
  const T = TABLES;
  let crc = ~before;
  let i = start;
  for (const last = end - 7; i < last; i += 8) {
    crc ^= (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)) >>> 0;
    crc =
      T[1792 + (crc & 255)]! ^
      T[1536 + ((crc >>> 8) & 255)]! ^
      T[1280 + ((crc >>> 16) & 255)]! ^
      T[1024 + (crc >>> 24)]! ^
      T[768 + bytes[i + 4]!]! ^
      T[512 + bytes[i + 5]!]! ^
      T[256 + bytes[i + 6]!]! ^
      T[bytes[i + 7]!]!;
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ T[(crc ^ bytes[i]!) & 255]!;
  return ~crc >>> 0;
}
