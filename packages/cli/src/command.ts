/** What a command may touch of the world; tests hand in their own. */
export interface Io {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

/** One subcommand, e.g. `test promql`. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `--help` prints below the first line. */
  readonly help: string;
  /** @returns the exit code: 0 good, 1 the thing checked is bad, 2 wrong usage */
  run(args: readonly string[], io: Io): Promise<number>;
}
