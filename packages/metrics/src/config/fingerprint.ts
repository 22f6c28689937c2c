import { createHash } from 'node:crypto';
import { Secret } from './schemas.ts';

/** The same for equal configurations only, secrets included, which it does not give away. */
export function fingerprint(config: unknown): string {
  const text = JSON.stringify(config, function (this: Record<string, unknown>, key, value: unknown) {
    const raw = this[key];
    return raw instanceof Secret ? { secret: raw.reveal() } : value;
  });
  return createHash('sha256').update(text).digest('base64');
}
