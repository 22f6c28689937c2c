import type { LogLine } from '../workload.ts';

/**
 * Takes apart a container's log. Without a terminal the two streams are multiplexed in frames: 1 byte stream (1 out,
 * 2 err), 3 zero bytes, 4 bytes big-endian length, payload. Every line starts with its RFC 3339 time.
 */
export function parseDockerLogs(bytes: Uint8Array): LogLine[] {
  const texts: Record<LogLine['stream'], Uint8Array[]> = { stdout: [], stderr: [] };
  if (isMultiplexed(bytes)) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + 8 <= bytes.length;) {
      const end = at + 8 + view.getUint32(at + 4);
      texts[bytes[at] === 2 ? 'stderr' : 'stdout'].push(bytes.subarray(at + 8, end));
      at = end;
    }
  } else texts.stdout.push(bytes);
  const lines = [...toLines(texts.stdout, 'stdout'), ...toLines(texts.stderr, 'stderr')];
  return lines.sort((a, b) => a.time - b.time);
}

function isMultiplexed(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && (bytes[0] as number) <= 2 && bytes[1] === 0 && bytes[2] === 0 && bytes[3] === 0;
}

function toLines(chunks: readonly Uint8Array[], stream: LogLine['stream']): LogLine[] {
  const text = Buffer.concat(chunks).toString('utf8');
  let last = 0;
  return text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line) => {
      const space = line.indexOf(' ');
      const time = Date.parse(line.slice(0, Math.max(space, 0)));
      if (Number.isNaN(time)) return { time: last, stream, text: line };
      last = time;
      return { time, stream, text: line.slice(space + 1) };
    });
}
