import { dirname, resolve } from 'node:path';
import { environmentForm, loadConfig, type Configuration } from '@prunella/alertmanager';
import { DEFAULT_MODULES, parseProbeModules, type ProbeModule } from '@prunella/collectors';
import { NO_HEALING, parseHealing, receiversOf, type HealingConfig } from '@prunella/healing';
import { ConfigError } from '@prunella/metrics/config';
import type { ParseOptions } from '@prunella/promql';
import { parseRuleFile, type RuleFile } from '@prunella/rules';
import {
  expandPattern,
  loadPrometheusConfig,
  parsePrometheusConfig,
  type PrometheusConfig,
} from '@prunella/scrape';
import { featuresOf } from '../features.ts';
import { parsePrunellaConfig, readConfigFile, type PrunellaConfig } from './configuration.ts';
import type { ServeFlags } from './flags.ts';

/** Everything that files say, checked. */
export interface Loaded {
  readonly prunella: PrunellaConfig;
  /** What relative paths in prunella.yml start from. */
  readonly base: string;
  readonly prometheus: PrometheusConfig;
  /** prometheus.yml as it was read, for the API. */
  readonly prometheusText: string;
  readonly rules: readonly RuleFile[];
  readonly alertmanager: Configuration;
  readonly healing: HealingConfig;
  readonly modules: ReadonlyMap<string, ProbeModule>;
  /** What is as it stands, but perhaps not as it was meant: a sentence each. */
  readonly warnings: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Without an alertmanager.yml, whatever fires can at least be seen. */
const INBOX_ONLY = 'route: {receiver: inbox}\nreceivers: [{name: inbox, inbox_configs: [{}]}]\n';

/**
 * Reads and checks every file before anything is started or replaced.
 * @throws ConfigError with all problems of all files
 */
export async function loadAll(flags: ServeFlags, env: Environment): Promise<Loaded> {
  const options = { features: featuresOf(flags['enable-feature']) };
  const file = flags['prunella.config'];
  const prunella = parsePrunellaConfig(
    file === undefined ? '' : await readConfigFile(file),
    file ?? 'prunella.yml',
  );
  const paths = {
    prometheus: flags['config.file'] ?? prunella.prometheus,
    alertmanager: flags['alertmanager.config'] ?? prunella.alertmanager,
    healing: flags['healing.config'] ?? prunella.healing,
  };
  // Thresholds and receivers from variables alone, for those who configure a container with nothing else.
  const form = environmentForm(env);
  const [prometheus, alertmanager, healing, modules] = await settleAll([
    loadPrometheus(paths.prometheus, options),
    read(paths.alertmanager, form?.alertmanager ?? INBOX_ONLY, 'alertmanager.yml', loadConfig),
    paths.healing === undefined
      ? Promise.resolve(NO_HEALING)
      : read(paths.healing, '', '', (text, name) => parseHealing(text, name, options)),
    read(prunella.probes, DEFAULT_MODULES, 'blackbox.yml', parseProbeModules),
  ]);
  checkReceivers(healing, alertmanager.receivers, paths.healing ?? '');
  const base = file === undefined ? process.cwd() : dirname(resolve(file));
  const rules = form
    ? [...prometheus.rules, parseRuleFile(form.rules, 'environment', options)]
    : prometheus.rules;
  const warnings = [...prometheus.prometheus.warnings, ...(form?.warnings ?? [])];
  return { prunella, base, ...prometheus, rules, alertmanager, healing, modules, warnings };
}

async function read<T>(
  file: string | undefined,
  fallback: string,
  name: string,
  parse: (text: string, file: string) => T,
): Promise<T> {
  return file === undefined ? parse(fallback, name) : parse(await readConfigFile(file), file);
}

async function loadPrometheus(
  file: string | undefined,
  options: ParseOptions,
): Promise<Pick<Loaded, 'prometheus' | 'prometheusText' | 'rules'>> {
  if (file === undefined)
    return { prometheus: parsePrometheusConfig('', 'prometheus.yml'), prometheusText: '', rules: [] };
  const prometheus = await loadPrometheusConfig(file);
  const found = await Promise.all(
    prometheus.rule_files.map((pattern) => expandPattern(resolve(prometheus.directory, pattern))),
  );
  const rules = await settleAll(
    found.flat().map(async (path) => parseRuleFile(await readConfigFile(path), path, options)),
  );
  return { prometheus, prometheusText: await readConfigFile(file), rules };
}

/** Waits for all and reports the problems of all, not only the first one's. @throws ConfigError */
async function settleAll<T extends readonly Promise<unknown>[]>(
  promises: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const results = await Promise.allSettled(promises);
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  const other = failures.find((failure) => !(failure instanceof ConfigError));
  if (other) throw other;
  if (failures.length > 0)
    throw new ConfigError(failures.flatMap((failure) => (failure as ConfigError).problems));
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as {
    -readonly [K in keyof T]: Awaited<T[K]>;
  };
}

/** A runbook that would call nobody when it fails is found out now. @throws ConfigError */
export function checkReceivers(
  healing: HealingConfig,
  receivers: readonly { readonly name: string }[],
  file: string,
): void {
  const known = new Set(receivers.map(({ name }) => name));
  const problems = [...receiversOf(healing)]
    .filter((name) => !known.has(name))
    .map((name) => ({
      file,
      line: 0,
      column: 0,
      message: `there is no receiver ${JSON.stringify(name)} in alertmanager.yml`,
    }));
  if (problems.length > 0) throw new ConfigError(problems);
}
