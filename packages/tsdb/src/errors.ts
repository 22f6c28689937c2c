/** Bytes on disk are not what their format says. The message says where and why. */
export class CorruptionError extends Error {
  override name = 'CorruptionError';
}

/** Another process (or another `Database` of this one) works on the directory. */
export class LockedError extends Error {
  override name = 'LockedError';
}

/** The system error code (`ENOSPC`, `ENOENT` …), or '' for other errors. */
export function errorCode(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? '';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
