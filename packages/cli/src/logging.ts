import { Writable } from 'node:stream';
import { pino, type Logger as PinoLogger } from 'pino';

export type LogFormat = 'logfmt' | 'json';

/** Levels as Prometheus names them. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** A logger that writes to standard error: logfmt as Prometheus does, or JSON. */
export function createLogger(level: string, format: LogFormat, write: (line: string) => void): PinoLogger {
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const line = chunk.toString().trimEnd();
      write(format === 'json' ? line : toLogfmt(line));
      done();
    },
  });
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(Date.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: Error) => error.message },
    },
    destination,
  );
}

function toLogfmt(json: string): string {
  const record = JSON.parse(json) as Record<string, unknown>;
  return Object.entries(record)
    .map(([key, value]) => `${key}=${quote(typeof value === 'string' ? value : JSON.stringify(value))}`)
    .join(' ');
}

function quote(text: string): string {
  // Control characters would let a label forge log lines.
  return /^[^\s"=\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text);
}
