import type { Workload } from '../api/prunella.ts';
import type { Tone } from '../ui/basics.tsx';

const tones: Record<Workload['state'], Tone> = {
  running: 'ok',
  starting: 'heal',
  restarting: 'heal',
  stopped: 'idle',
  failed: 'bad',
};

export function stateTone(state: Workload['state']): Tone {
  return tones[state];
}

/** How a workload ended last: `killed by SIGKILL`, `exit code 1`. */
export function exitText(exit: NonNullable<Workload['exit']>): string {
  const how = exit.signal === '' ? `exit code ${exit.code ?? '?'}` : `killed by ${exit.signal}`;
  return exit.expected ? `${how}, as asked` : how;
}
