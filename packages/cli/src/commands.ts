import type { Command } from './command.ts';

// Loaded on demand: `prunella query` must not pay for what only `prunella serve` needs.
const commands: Readonly<Record<string, () => Promise<{ command: Command }>>> = {
  demo: () => import('./commands/demo.ts'),
  serve: () => import('./commands/serve.ts'),
};

export const commandNames: readonly string[] = Object.keys(commands);

export async function loadCommand(name: string): Promise<Command> {
  const load = commands[name];
  if (!load) throw new Error(`BUG: no command ${name}`);
  return (await load()).command;
}
