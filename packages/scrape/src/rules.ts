import { Labels, LabelsBuilder, METRIC_NAME, Relabeler } from '@prunella/metrics';
import type { ScrapeConfig } from './config/scrape.ts';
import { ScrapeError } from './page.ts';

export type SampleRuleConfig = Pick<
  ScrapeConfig,
  | 'honor_labels'
  | 'honor_timestamps'
  | 'track_timestamps_staleness'
  | 'sample_limit'
  | 'label_limit'
  | 'label_name_length_limit'
  | 'label_value_length_limit'
  | 'fallback_scrape_protocol'
  | 'scrape_native_histograms'
  | 'always_scrape_classic_histograms'
  | 'metric_relabel_configs'
>;

/** For targets that no job describes: those in this process. */
export const PLAIN_RULES: SampleRuleConfig = {
  honor_labels: false,
  honor_timestamps: true,
  track_timestamps_staleness: false,
  sample_limit: 0,
  label_limit: 0,
  label_name_length_limit: 0,
  label_value_length_limit: 0,
  scrape_native_histograms: false,
  always_scrape_classic_histograms: false,
  metric_relabel_configs: [],
};

/** What a job does to each series of its targets. */
export class SampleRules {
  readonly config: SampleRuleConfig;
  readonly #relabeler: Relabeler;

  constructor(config: SampleRuleConfig) {
    this.config = config;
    this.#relabeler = new Relabeler(config.metric_relabel_configs);
  }

  /**
   * The labels to store a series under.
   * @returns undefined where relabelling drops it
   * @throws ScrapeError where it has no name, or more or longer labels than allowed
   */
  labels(exposed: Labels, target: Labels): Labels | undefined {
    const labels = this.#relabeler.apply(this.#merge(exposed, target));
    if (!labels || labels.size === 0) return undefined;
    if (!labels.has(METRIC_NAME)) throw new ScrapeError('metric name label missing or invalid');
    this.#checkLimits(labels);
    return labels;
  }

  /** Where a target exposes a label that it has itself, `honor_labels` decides; the loser is kept as `exported_…`. */
  #merge(exposed: Labels, target: Labels): Labels {
    const builder = new LabelsBuilder(exposed);
    for (const [name, value] of target) {
      const own = exposed.get(name);
      if (this.config.honor_labels) {
        // An explicitly empty label is gone by now; Prometheus would honor it.
        if (own === '') builder.set(name, value);
        continue;
      }
      builder.set(name, value);
      if (own === '') continue;
      let moved = `exported_${name}`;
      while (builder.get(moved) !== '' || target.has(moved)) moved = `exported_${moved}`;
      builder.set(moved, own);
    }
    return builder.labels();
  }

  #checkLimits(labels: Labels): void {
    const { label_limit, label_name_length_limit, label_value_length_limit } = this.config;
    const metric = labels.metricName.slice(0, 50);
    const fail = (what: string): never => {
      throw new ScrapeError(`${what} (metric: ${metric})`, 'label_limit');
    };
    if (label_limit > 0 && labels.size > label_limit)
      fail(`label_limit exceeded: ${labels.size} labels, limit ${label_limit}`);
    if (label_name_length_limit === 0 && label_value_length_limit === 0) return;
    for (const [name, value] of labels) {
      if (label_name_length_limit > 0 && Buffer.byteLength(name) > label_name_length_limit)
        fail(`label_name_length_limit exceeded: ${name.slice(0, 50)}, limit ${label_name_length_limit}`);
      if (label_value_length_limit > 0 && Buffer.byteLength(value) > label_value_length_limit)
        fail(`label_value_length_limit exceeded: ${name.slice(0, 50)}, limit ${label_value_length_limit}`);
    }
  }
}
