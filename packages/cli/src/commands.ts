import type { Command } from './command.ts';

// Loaded on demand: `prunella query` must not pay for what only `prunella serve` needs.
const commands: Readonly<Record<string, () => Promise<{ command: Command }>>> = {
  serve: () => import('./commands/serve.ts'),
  demo: () => import('./commands/demo.ts'),
  agent: () => import('./commands/agent.ts'),
  bot: () => import('./commands/bot.ts'),
  'check config': () => import('./commands/check-config.ts'),
  'check rules': () => import('./commands/check-rules.ts'),
  'check alertmanager': () => import('./commands/check-alertmanager.ts'),
  'check healing': () => import('./commands/check-healing.ts'),
  'test promql': () => import('./commands/test-promql.ts'),
  'test rules': () => import('./commands/test-rules.ts'),
  alert: () => import('./commands/alert.ts'),
  gameday: () => import('./commands/gameday.ts'),
  query: () => import('./commands/query.ts'),
  tsdb: () => import('./commands/tsdb.ts'),
};

export const commandNames: readonly string[] = Object.keys(commands);

export async function loadCommand(name: string): Promise<Command> {
  const load = commands[name];
  if (!load) throw new Error(`BUG: no command ${name}`);
  return (await load()).command;
}
