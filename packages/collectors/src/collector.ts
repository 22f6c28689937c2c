/** Fills one exposition, in the text format 0.0.4, each time it is asked. */
export interface Collector {
  /** What the route and the job are named after: `node`, `containers`, `postgres` … */
  readonly name: string;
  /** Never rejects for something that the watched side does wrong: that is a metric. */
  collect(): Promise<string>;
}
