import { sleep, systemClock, type Clock, type Logger } from '@prunella/metrics';
import type { DockerConfig } from '../config.ts';
import { Listeners } from '../listeners.ts';
import {
  WorkloadError,
  type LogLine,
  type Workload,
  type WorkloadExit,
  type WorkloadListener,
  type WorkloadSource,
  type WorkloadStats,
} from '../workload.ts';
import { DockerClient } from './client.ts';
import {
  COMPOSE_NUMBER,
  COMPOSE_ONEOFF,
  COMPOSE_PROJECT,
  COMPOSE_SERVICE,
  containerName,
  containerService,
  siblingOf,
  toStats,
  toWorkload,
  type ContainerDetails,
  type ContainerStats,
  type ContainerSummary,
} from './containers.ts';
import { parseDockerLogs } from './logs.ts';

interface EngineEvent {
  Action: string;
  timeNano: number;
  Actor: { ID: string; Attributes: Record<string, string> };
}

const RECONNECT_FIRST = 1000;
const RECONNECT_LONGEST = 30_000;
// Seconds that Docker gives a container between its stop signal and SIGKILL.
const STOP_GRACE = 10;

/** What we know of a container beyond Docker's list. */
interface Watched {
  exit?: WorkloadExit;
  restarts: number;
  /** A stop that somebody asked for, here or with `docker stop`. */
  stopping: boolean;
}

/** The containers of a Docker engine; replicas of a Compose service share its name. */
export class Docker implements WorkloadSource {
  readonly #client: DockerClient;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #listeners: Listeners;
  readonly #watched = new Map<string, Watched>();
  #abort = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  constructor(config: DockerConfig, options: { logger: Logger; clock?: Clock }) {
    this.#client = new DockerClient(config);
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger;
    this.#listeners = new Listeners(options.logger);
  }

  /** Starts to follow the engine's events; an engine that is not there is tried again and again. */
  open(): void {
    this.#abort = new AbortController();
    this.#watching = this.#watch();
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#watching;
  }

  async list(): Promise<Workload[]> {
    const summaries = (await this.#summaries()).filter((each) => each.Labels[COMPOSE_ONEOFF] !== 'True');
    return Promise.all(summaries.map((summary) => this.#describe(summary)));
  }

  async stats(name: string): Promise<WorkloadStats | undefined> {
    const { Id, State } = await this.#find(name);
    if (State !== 'running') return undefined;
    return toStats(
      await this.#client.json<ContainerStats>('GET', `/containers/${Id}/stats?stream=false&one-shot=true`),
    );
  }

  async logs(name: string, tail: number): Promise<LogLine[]> {
    const { Id } = await this.#find(name);
    const path = `/containers/${Id}/logs?stdout=1&stderr=1&timestamps=1&tail=${tail}`;
    return parseDockerLogs(await this.#client.bytes('GET', path)).slice(-tail);
  }

  async start(name: string): Promise<void> {
    const { Id } = await this.#find(name);
    await this.#client.bytes('POST', `/containers/${Id}/start`);
  }

  async stop(name: string): Promise<void> {
    const { Id } = await this.#find(name);
    this.#watch1(Id).stopping = true;
    await this.#client.bytes(
      'POST',
      `/containers/${Id}/stop?t=${STOP_GRACE}`,
      undefined,
      (STOP_GRACE + 10) * 1000,
    );
  }

  async restart(name: string): Promise<void> {
    const { Id } = await this.#find(name);
    this.#watch1(Id).stopping = true;
    await this.#client.bytes(
      'POST',
      `/containers/${Id}/restart?t=${STOP_GRACE}`,
      undefined,
      (STOP_GRACE + 20) * 1000,
    );
  }

  /** As `docker compose up -d --no-recreate --scale SERVICE=N` does: siblings get the next free numbers. */
  async scale(service: string, replicas: number): Promise<void> {
    const all = (await this.#summaries()).filter((each) => containerService(each) === service);
    const members = all
      .filter((each) => each.Labels[COMPOSE_SERVICE] === service && each.Labels[COMPOSE_ONEOFF] !== 'True')
      .sort((a, b) => numberOf(a) - numberOf(b));
    const [model] = members;
    if (!model) {
      if (all.length === 0)
        throw new WorkloadError('not_found', `there is no service ${JSON.stringify(service)}`);
      throw new WorkloadError('unsupported', `${service} is not a Compose service, so it cannot be scaled`);
    }
    for (const each of members.slice(0, replicas)) {
      if (each.State !== 'running') await this.#client.bytes('POST', `/containers/${each.Id}/start`);
    }
    // Side by side, since each may take its whole grace.
    await Promise.all(members.slice(replicas).map((each, i) => this.#discard(each, replicas > 0 || i > 0)));
    if (members.length >= replicas) return;
    const details = await this.#client.json<ContainerDetails>('GET', `/containers/${model.Id}/json`);
    const project = model.Labels[COMPOSE_PROJECT] ?? '';
    let number = Math.max(...members.map(numberOf));
    for (let count = members.length; count < replicas; count++) {
      await this.#create(`${project}-${service}-${++number}`, siblingOf(details, number));
    }
  }

  onEvent(listener: WorkloadListener): () => void {
    return this.#listeners.add(listener);
  }

  async #create(name: string, body: Record<string, unknown>): Promise<void> {
    const path = `/containers/create?name=${encodeURIComponent(name)}`;
    const { Id } = await this.#client.json<{ Id: string }>('POST', path, body);
    try {
      await this.#client.bytes('POST', `/containers/${Id}/start`);
    } catch (error) {
      // For instance a published port that its sibling has already; half a replica must not stay behind.
      await this.#client.bytes('DELETE', `/containers/${Id}?force=true`);
      throw error;
    }
  }

  /** The last one of a service is stopped and kept, since new siblings are made after its model. */
  async #discard(summary: ContainerSummary, remove: boolean): Promise<void> {
    this.#watch1(summary.Id).stopping = true;
    const grace = (STOP_GRACE + 10) * 1000;
    await this.#client.bytes('POST', `/containers/${summary.Id}/stop?t=${STOP_GRACE}`, undefined, grace);
    if (remove) await this.#client.bytes('DELETE', `/containers/${summary.Id}`);
  }

  #summaries(): Promise<ContainerSummary[]> {
    return this.#client.json<ContainerSummary[]>('GET', '/containers/json?all=true');
  }

  async #find(name: string): Promise<ContainerSummary> {
    const found = (await this.#summaries()).find((each) => containerName(each) === name);
    if (!found) throw new WorkloadError('not_found', `there is no container ${JSON.stringify(name)}`);
    return found;
  }

  async #describe(summary: ContainerSummary): Promise<Workload> {
    const watched = this.#watched.get(summary.Id);
    // Who does not listen to the stop signal ends with 137 although that was wanted.
    const wanted = watched?.stopping || watched?.exit?.expected;
    try {
      const { State } = await this.#client.json<ContainerDetails>('GET', `/containers/${summary.Id}/json`);
      return toWorkload(summary, {
        restarts: watched?.restarts ?? 0,
        ...(State.Pid > 0 && { pid: State.Pid }),
        // Docker writes the year 1 for "never".
        ...(!State.StartedAt.startsWith('0001') && { startedAt: Date.parse(State.StartedAt) }),
        ...(watched?.exit ? { exit: watched.exit } : !State.Running && exitOf(State)),
        ...(!State.Running && State.ExitCode !== 0 && !wanted && { state: 'failed' }),
      });
    } catch (error) {
      if (error instanceof WorkloadError && error.code !== 'engine') return toWorkload(summary, {});
      throw error;
    }
  }

  #watch1(id: string): Watched {
    let watched = this.#watched.get(id);
    if (!watched) this.#watched.set(id, (watched = { restarts: 0, stopping: false }));
    return watched;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#abort;
    const filters = encodeURIComponent('{"type":["container"]}');
    for (let delay = RECONNECT_FIRST; !signal.aborted; delay = Math.min(delay * 2, RECONNECT_LONGEST)) {
      try {
        for await (const event of this.#client.stream<EngineEvent>(`/events?filters=${filters}`, signal)) {
          delay = RECONNECT_FIRST;
          await this.#handle(event);
        }
      } catch (error) {
        if (!signal.aborted) this.#logger.warn({ err: error }, 'lost the events of Docker, trying again');
      }
      await sleep(this.#clock, delay, signal);
    }
  }

  async #handle({ Action, Actor, timeNano }: EngineEvent): Promise<void> {
    const watched = this.#watch1(Actor.ID);
    const time = Math.floor(timeNano / 1e6);
    if (Action === 'kill') {
      // Stopping begins with the stop signal; SIGKILL and SIGSEGV by hand are accidents.
      if (!['9', '11', 'SIGKILL', 'SIGSEGV'].includes(Actor.Attributes['signal'] ?? ''))
        watched.stopping = true;
    } else if (Action === 'die') {
      const code = Number(Actor.Attributes['exitCode'] ?? 0);
      watched.exit = { time, code, signal: null, expected: watched.stopping };
      await this.#emit('exited', Actor.ID, time);
    } else if (Action === 'start') {
      if (watched.exit) watched.restarts++;
      watched.stopping = false;
      await this.#emit('started', Actor.ID, time);
    } else if (Action.startsWith('health_status')) {
      await this.#emit('health', Actor.ID, time);
    } else if (Action === 'destroy') {
      this.#watched.delete(Actor.ID);
      // Of what is gone, the event's attributes are all that is left: its labels, image and name.
      const { name = Actor.ID, image = '', ...labels } = Actor.Attributes;
      const last = {
        Id: Actor.ID,
        Names: [name],
        Image: image,
        State: 'removing',
        Status: '',
        Labels: labels,
      };
      this.#listeners.emit({ type: 'removed', time, workload: toWorkload(last, {}) });
    }
  }

  async #emit(type: 'started' | 'exited' | 'health', id: string, time: number): Promise<void> {
    const summary = (await this.#summaries()).find((each) => each.Id === id);
    if (summary) this.#listeners.emit({ type, time, workload: await this.#describe(summary) });
  }
}

function numberOf(summary: ContainerSummary): number {
  return Number(summary.Labels[COMPOSE_NUMBER] ?? 1);
}

function exitOf(state: ContainerDetails['State']): { exit: WorkloadExit } | false {
  const time = Date.parse(state.FinishedAt);
  if (time <= 0) return false;
  const error = state.Error ? { error: state.Error } : {};
  // From before we watched: whether somebody wanted it is not known, and nobody is to be woken for it.
  return { exit: { time, code: state.ExitCode, signal: null, expected: true, ...error } };
}
