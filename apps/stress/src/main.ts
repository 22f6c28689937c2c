import { ProfileError } from './profile.ts';
import { runStress } from './stress.ts';

/** `STRESS_LEVEL=cpu-intensive node dist/main.js`, or the profile as the only argument. Exits 0 when it ran. */
const abort = new AbortController();
process.once('SIGTERM', () => abort.abort());
process.once('SIGINT', () => abort.abort());
const quoted = process.argv[2] ?? process.env['STRESS_LEVEL'] ?? 'cpu-intensive';
try {
  await runStress(quoted.replace(/^(["'])(.*)\1$/, '$2'), {
    out: (line) => process.stdout.write(`${line}\n`),
    env: process.env,
    signal: abort.signal,
  });
  process.exit(0);
} catch (error) {
  if (!(error instanceof ProfileError)) throw error;
  process.stderr.write(`stress: ${error.message}\n`);
  process.exit(2);
}
