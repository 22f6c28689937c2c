import { once } from 'node:events';
import { Agent } from '../agent/agent.ts';
import { agentFlagsHelp, parseAgentFlags } from '../agent/flags.ts';
import type { Command } from '../command.ts';
import { EnvironmentError } from '../errors.ts';
import { createLogger } from '../logging.ts';

export const command: Command = {
  name: 'agent',
  summary: 'collectors only, to be scraped from elsewhere',
  help: `Stands in for node_exporter, cAdvisor, postgres_exporter and blackbox_exporter: everything at /metrics, each at
/collectors/NAME/metrics, probes at /probe?module=M&target=T.

${agentFlagsHelp}`,
  async run(args, io) {
    const values = parseAgentFlags(args);
    const logger = createLogger(
      values['log.level'],
      values['log.format'] === 'json' ? 'json' : 'logfmt',
      io.err,
    );
    let agent: Agent;
    try {
      agent = await Agent.start(values, io.env, logger);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') throw error;
      const reason = code === 'EADDRINUSE' ? 'the port is in use' : code;
      throw new EnvironmentError(`cannot listen on ${values['web.listen-address']}: ${reason}`);
    }
    io.out(`Prunella's agent answers at ${agent.url}/metrics`);
    // Timers do not keep a process alive, and neither must the agent end because nothing else happens.
    const alive = setInterval(() => {}, 1 << 30);
    if (!io.signal.aborted) await once(io.signal, 'abort');
    clearInterval(alive);
    await agent.stop();
    return 0;
  },
};
