// node packages/tsdb/testdata/make-zstd.js > packages/tsdb/testdata/zstd.json, with Node.js 24
import { constants, zstdCompressSync } from 'node:zlib';
import { samples } from '../src/zstd/vectors.ts';

const { ZSTD_c_compressionLevel: level, ZSTD_c_checksumFlag: checksum } = constants;
const vectors = [];
for (const [name, bytes] of Object.entries(samples())) {
  for (const [i, value] of [1, 3, 19].entries()) {
    const compressed = zstdCompressSync(bytes, { params: { [level]: value, [checksum]: i % 2 } });
    vectors.push({ name, level: value, base64: compressed.toString('base64') });
  }
}
console.log(JSON.stringify(vectors));
