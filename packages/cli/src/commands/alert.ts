import {
  explainRoute,
  loadConfig,
  tryReceivers,
  type RouteExplanation,
  type TrialResult,
} from '@prunella/alertmanager';
import { formatDuration, Labels, systemClock } from '@prunella/metrics';
import type { Command, Io } from '../command.ts';
import { EnvironmentError } from '../errors.ts';
import { parseFlags, UsageError, type Flags } from '../flags.ts';
import { readConfigFile } from '../serve/configuration.ts';

const DEFAULT_URL = 'http://127.0.0.1:9090';
const TIMEOUT_MS = 60_000;

const flags = {
  config: { kind: 'text', help: 'alertmanager.yml' },
  url: { kind: 'text', default: DEFAULT_URL, help: 'where Prunella runs' },
  resolve: { kind: 'switch', help: 'send that the test has resolved, too' },
} as const satisfies Flags;

export const command: Command = {
  name: 'alert',
  summary: 'explains where an alert would go, or sends a test message',
  help: `Usage: prunella alert route --config FILE LABEL=VALUE…
       prunella alert test [--config FILE | --url URL] [--resolve] RECEIVER

route   which routes an alert with these labels takes, why, and when its first message would go
test    sends a message marked as a test through every integration of the receiver, and prints what the other side
        said: with --config from here, else by the Prunella at --url (${DEFAULT_URL}); exit code 1 if one fails;
        --resolve sends a second message, that the test has resolved`,
  async run([verb, ...args], io) {
    const { values, positionals } = parseFlags(flags, args, { positionals: true });
    if (verb === 'route') return route(values.config, positionals, io);
    if (verb === 'test') return test(values.config, values.url, positionals, values.resolve, io);
    throw new UsageError(verb === undefined ? 'route or test?' : `neither route nor test: ${verb}`);
  },
};

async function route(file: string | undefined, pairs: readonly string[], io: Io): Promise<number> {
  if (file === undefined) throw new UsageError('which --config?');
  if (pairs.length === 0) throw new UsageError('which labels? Write alertname=Down severity=critical');
  const configuration = loadConfig(await readConfigFile(file), file);
  const now = systemClock.now();
  for (const line of printExplanation(explainRoute(configuration, parseLabels(pairs), now), now))
    io.out(line);
  return 0;
}

function parseLabels(pairs: readonly string[]): Labels {
  return Labels.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at <= 0) throw new UsageError(`not LABEL=VALUE: ${pair}`);
      return [pair.slice(0, at), pair.slice(at + 1).replace(/^"(.*)"$/, '$1')] as const;
    }),
  );
}

function printExplanation({ steps, taken }: RouteExplanation, now: number): string[] {
  const walked = steps.map(({ depth, matchers, refusal, continue: goesOn }) => {
    const verdict =
      refusal === undefined ? `yes${goesOn ? ', and goes on (continue)' : ''}` : `no: ${refusal}`;
    return `${'  '.repeat(depth)}${matchers} ${verdict}`;
  });
  const results = taken.flatMap((each) => [
    `→ ${each.receiver}, in the group ${each.groupLabels.toString()}`,
    each.mutedBy.length > 0
      ? `  silent now because of the time interval ${each.mutedBy.join(', ')}`
      : `  first message after ${formatDuration(each.groupWait)}: fired now, at ${new Date(now + each.groupWait).toISOString()}`,
    `  changes every ${formatDuration(each.groupInterval)}, repeated after ${formatDuration(each.repeatInterval)}`,
  ]);
  return [...walked, ...results];
}

async function test(
  file: string | undefined,
  url: string,
  [receiver, ...more]: readonly string[],
  resolve: boolean,
  io: Io,
): Promise<number> {
  if (receiver === undefined || more.length > 0) throw new UsageError('which receiver? One at a time');
  const results =
    file === undefined ? await askServer(url, receiver, resolve) : await tryHere(file, receiver, resolve, io);
  if (!results) {
    io.err(`there is no receiver ${JSON.stringify(receiver)}`);
    return 1;
  }
  if (results.length === 0) io.out(`${receiver} tells nobody`);
  for (const { integration, status, ok, answer, durationMs } of results) {
    const which = resolve ? ` ${status}` : '';
    io.out(
      `${ok ? 'delivered' : 'FAILED   '} ${integration}${which} in ${Math.round(durationMs)} ms: ${answer}`,
    );
  }
  return results.every(({ ok }) => ok) ? 0 : 1;
}

async function tryHere(
  file: string,
  receiver: string,
  resolve: boolean,
  io: Io,
): Promise<TrialResult[] | undefined> {
  const configuration = loadConfig(await readConfigFile(file), file);
  const options = { clock: systemClock, env: io.env, externalUrl: DEFAULT_URL, resolve };
  return tryReceivers(configuration, receiver, options);
}

async function askServer(
  url: string,
  receiver: string,
  resolve: boolean,
): Promise<TrialResult[] | undefined> {
  const address = `${url.replace(/\/+$/, '')}/api/prunella/receivers/${encodeURIComponent(receiver)}/test`;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const headers = { 'content-type': 'application/json' };
  let answer: Response;
  try {
    answer = await fetch(address, { method: 'POST', headers, body: JSON.stringify({ resolve }), signal });
  } catch (error) {
    throw new EnvironmentError(`${url} does not answer: ${(error as Error).message}`);
  }
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new EnvironmentError(`${url} answers ${answer.status}: ${await answer.text()}`);
  return ((await answer.json()) as { results: TrialResult[] }).results;
}
