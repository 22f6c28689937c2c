/** So many of each kind of load, for so long. */
export interface Profile {
  readonly name: string;
  readonly seconds: number;
  /** Processors kept busy. */
  readonly cpuThreads: number;
  /** Memory held, in MB of 2^20 bytes. */
  readonly memoryMb: number;
  /** Database sessions that the shop is asked to keep busy. */
  readonly databaseLanes: number;
  /** Requests in flight against the shop's pages, one after the other each. */
  readonly clients: number;
}

/** Input that a person got wrong. */
export class ProfileError extends Error {
  override name = 'ProfileError';
}

const IDLE = { cpuThreads: 0, memoryMb: 0, databaseLanes: 0, clients: 0 };

/** `half` the processors, so that what watches can still be heard. */
export function builtInProfiles(processors: number): readonly Profile[] {
  const most = Math.max(1, Math.ceil(processors / 2));
  return [
    { ...IDLE, name: 'cpu-intensive', seconds: 60, cpuThreads: most },
    { ...IDLE, name: 'memory-intensive', seconds: 60, memoryMb: 512 },
    { ...IDLE, name: 'db-intensive', seconds: 60, databaseLanes: 4 },
    { name: 'extreme', seconds: 60, cpuThreads: processors, memoryMb: 512, databaseLanes: 4, clients: 20 },
  ];
}

const LIMITS = { seconds: 3600, cpuThreads: 256, memoryMb: 65_536, databaseLanes: 8, clients: 500 } as const;

/**
 * A profile of your own: JSON with `seconds` and any of `cpuThreads`, `memoryMb`, `databaseLanes`, `clients`.
 * @throws ProfileError
 */
export function parseProfile(text: string, name: string): Profile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ProfileError(`${name}: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProfileError(`${name}: expected an object`);
  }
  const profile: Record<string, number> = { ...IDLE, seconds: 60 };
  for (const [key, given] of Object.entries(value)) {
    const limit = Object.hasOwn(LIMITS, key) ? LIMITS[key as keyof typeof LIMITS] : undefined;
    if (limit === undefined)
      throw new ProfileError(`${name}: unknown key ${key}, expected ${Object.keys(LIMITS).join(', ')}`);
    if (typeof given !== 'number' || !Number.isInteger(given) || given < 0 || given > limit) {
      throw new ProfileError(`${name}: ${key} must be a whole number from 0 to ${limit}`);
    }
    profile[key] = given;
  }
  return { name, ...(profile as unknown as Omit<Profile, 'name'>) };
}
