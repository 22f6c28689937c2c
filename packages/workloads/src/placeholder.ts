/** `${VAR}`, `${VAR:-default}` and `{replica}` in a process's command, environment and addresses, as Compose writes them. */

export type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLE = /\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\{replica(?:\+(\d+))?\}/g;

/**
 * Fills in variables and the replica's number (1, 2 …); `{replica+8000}` adds, for ports. `$$` is a dollar sign.
 * @throws Error naming a variable that is not set and has no default
 */
export function fill(text: string, env: Environment, replica: number): string {
  return text.replace(VARIABLE, (whole, name?: string, fallback?: string, offset?: string) => {
    if (whole === '$$') return '$';
    if (name === undefined) return String(replica + Number(offset ?? 0));
    const value = env[name];
    // As in Compose, `:-` also stands in for an empty value.
    if (value !== undefined && (value !== '' || fallback === undefined)) return value;
    if (fallback !== undefined) return fallback;
    throw new Error(`environment variable ${name} is not set (write \${${name}:-default} to have a default)`);
  });
}

/**
 * Reads `KEY=value` lines; `#` starts a comment line, `export ` is allowed, quotes around the whole value are removed.
 * @throws Error naming the line that is none of these
 */
export function parseEnvFile(text: string): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*?)\s*$/.exec(line);
    if (!match) throw new Error(`line ${index + 1}: expected KEY=value`);
    const value = match[2] as string;
    env[match[1] as string] = /^(["'])(.*)\1$/.exec(value)?.[2] ?? value;
  }
  return env;
}
