import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { builtInProfiles, parseProfile, type Profile, ProfileError } from './profile.ts';

/** What a run may touch of the world; tests hand in their own. */
export interface StressIo {
  readonly out: (line: string) => void;
  /** `SHOP_URL` and, for a shorter run, `STRESS_SECONDS`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends the run early. */
  readonly signal: AbortSignal;
}

const DEFAULT_URL = 'http://127.0.0.1:8000';
/** What is under way at the end is waited for so long at most. */
const REQUEST_TIMEOUT_MS = 5000;
const PAGES = ['/products', '/data', '/transactions'];

/**
 * Runs a profile to its end, which is always reached: by its seconds, or by the signal.
 * @param name `cpu-intensive`, `memory-intensive`, `db-intensive`, `extreme`, or a JSON file
 * @throws ProfileError for a name or a file that is none
 */
export async function runStress(name: string, io: StressIo): Promise<void> {
  const profile = limited(await findProfile(name), io.env['STRESS_SECONDS']);
  const url = io.env['SHOP_URL'] ?? DEFAULT_URL;
  io.out(`${profile.name}: ${describe(profile)} for ${profile.seconds} s`);
  // AbortSignal.any and .timeout would be shorter, but Node 20 may collect such signals before they fire.
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), profile.seconds * 1000);
  io.signal.addEventListener('abort', () => over.abort(), { once: true });
  if (io.signal.aborted) over.abort();
  const end = over.signal;
  const outcomes = await Promise.all([
    ...Array.from({ length: profile.cpuThreads }, () => thread('for (;;) Math.sqrt(Math.random());', end)),
    ...(profile.memoryMb > 0 ? [thread(memoryCode(profile.memoryMb), end)] : []),
    ...(profile.databaseLanes > 0 ? [askForDatabaseLoad(profile, url, end)] : []),
    ...Array.from({ length: profile.clients }, () => visit(url, end)),
  ]);
  clearTimeout(timer);
  for (const problem of new Set(outcomes.filter((outcome) => outcome !== undefined))) io.out(problem);
  io.out(`${profile.name}: done`);
}

async function findProfile(name: string): Promise<Profile> {
  const known = builtInProfiles(availableParallelism());
  const found = known.find((profile) => profile.name === name);
  if (found) return found;
  if (!name.endsWith('.json')) {
    throw new ProfileError(
      `unknown profile ${JSON.stringify(name)}, expected ${known.map((each) => each.name).join(', ')} or a .json file`,
    );
  }
  const text = await readFile(name, 'utf8').catch((error: Error) => {
    throw new ProfileError(`${name}: ${error.message}`);
  });
  return parseProfile(text, name);
}

function limited(profile: Profile, seconds: string | undefined): Profile {
  if (seconds === undefined || seconds === '') return profile;
  const value = Number(seconds);
  if (!(value > 0 && value <= 3600)) throw new ProfileError('STRESS_SECONDS: expected seconds, up to 3600');
  return { ...profile, seconds: value };
}

function describe(profile: Profile): string {
  const parts = [
    [profile.cpuThreads, 'busy processors'],
    [profile.memoryMb, 'MB of memory'],
    [profile.databaseLanes, 'database sessions'],
    [profile.clients, 'clients'],
  ] as const;
  const used = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return used.length > 0 ? used.join(', ') : 'nothing';
}

/** A thread of its own is busy without blocking this one, and ending it gives its memory back at once. */
function thread(code: string, end: AbortSignal): Promise<string | undefined> {
  const worker = new Worker(code, { eval: true });
  return new Promise((resolve) => {
    if (end.aborted) void worker.terminate();
    end.addEventListener('abort', () => void worker.terminate(), { once: true });
    worker.once('error', (error) => resolve(error.message));
    worker.once('exit', () => resolve(undefined));
  });
}

function memoryCode(mb: number): string {
  return `globalThis.kept = Buffer.alloc(${mb} * 1048576, 1); setInterval(() => {}, 1e6);`;
}

/** The shop makes the load, so that it is its sessions that show it. */
async function askForDatabaseLoad(
  profile: Profile,
  url: string,
  end: AbortSignal,
): Promise<string | undefined> {
  const target = new URL('/load/db', url);
  target.searchParams.set('lanes', String(profile.databaseLanes));
  target.searchParams.set('seconds', String(Math.min(120, Math.ceil(profile.seconds))));
  try {
    const response = await fetch(target, { method: 'POST', signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    await response.arrayBuffer();
    if (!response.ok) return `the shop refused database load: ${response.status}`;
  } catch (error) {
    return `no database load: ${url} does not answer (${(error as Error).message})`;
  }
  if (!end.aborted) await new Promise((resolve) => end.addEventListener('abort', resolve, { once: true }));
  return undefined;
}

async function visit(url: string, end: AbortSignal): Promise<string | undefined> {
  let problem: string | undefined;
  for (let i = 0; !end.aborted; i++) {
    try {
      const response = await fetch(new URL(PAGES[i % PAGES.length] ?? '/', url), {
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      await response.arrayBuffer();
    } catch (error) {
      problem = `${url} does not answer (${(error as Error).message})`;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  return problem;
}
