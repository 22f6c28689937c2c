import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadPrometheusConfig } from './load.ts';
import { parsePrometheusConfig } from './prometheus.ts';

function problem(text: string): string {
  try {
    parsePrometheusConfig(text, 'prometheus.yml');
    return 'valid';
  } catch (error) {
    return (error as Error).message;
  }
}

/** Every key of the sections that we know. */
const WHOLE = `
global:
  scrape_interval: 15s
  scrape_timeout: 5s
  scrape_protocols: [OpenMetricsText1.0.0, PrometheusText0.0.4]
  evaluation_interval: 30s
  rule_query_offset: 5s
  external_labels: {site: home, shard: 1}
  query_log_file: q.log
  body_size_limit: 15MB
  sample_limit: 1500
  target_limit: 30
  label_limit: 30
  label_name_length_limit: 200
  label_value_length_limit: 200
  keep_dropped_targets: 5
rule_files: [rules/*.yml]
alerting:
  alert_relabel_configs: [{action: labeldrop, regex: replica}]
  alertmanagers:
    - scheme: https
      path_prefix: /am
      timeout: 5s
      api_version: v2
      static_configs: [{targets: ['am:9093']}]
scrape_configs:
  - job_name: prometheus
    static_configs:
      - targets: ['localhost:9090']
        labels: {env: prod}
  - job_name: full
    scrape_interval: 50s
    scrape_timeout: 5s
    scrape_protocols: [PrometheusProto]
    fallback_scrape_protocol: PrometheusText0.0.4
    scrape_native_histograms: true
    always_scrape_classic_histograms: true
    metrics_path: /m
    honor_labels: true
    honor_timestamps: false
    track_timestamps_staleness: true
    scheme: https
    params: {module: [a, b]}
    enable_compression: false
    body_size_limit: 10MB
    sample_limit: 1000
    target_limit: 35
    label_limit: 35
    label_name_length_limit: 210
    label_value_length_limit: 210
    keep_dropped_targets: 7
    basic_auth: {username: a, password_env: PW}
    tls_config: {ca_file: ca.pem, insecure_skip_verify: true}
    proxy_url: http://proxy:3128
    follow_redirects: false
    enable_http2: false
    file_sd_configs: [{files: ['foo/*.json', 'bar.yml'], refresh_interval: 10m}]
    dns_sd_configs:
      - {names: [first.example], refresh_interval: 15s}
      - {names: [second.example], type: a, port: 80}
    http_sd_configs: [{url: 'http://sd.example/', authorization: {credentials: hush}}]
    relabel_configs:
      - {source_labels: [job, __meta_dns_name], regex: '(.*)some-[regex]', target_label: job, replacement: 'foo-\${1}'}
    metric_relabel_configs:
      - {source_labels: [__name__], regex: expensive_.*, action: drop}
remote_write:
  - url: http://remote/push
    name: x
    remote_timeout: 10s
    headers: {X-Tenant: a}
    write_relabel_configs: [{source_labels: [__name__], regex: up, action: keep}]
    queue_config: {capacity: 500, max_samples_per_send: 100}
remote_read:
  - {url: 'http://remote/read', read_recent: true, required_matchers: {job: special}}
storage:
  tsdb: {out_of_order_time_window: 30m, retention: {time: 15d, size: 1GB}}
  exemplars: {max_exemplars: 500}
tracing: {endpoint: 'x:4317'}
`;

describe('parsePrometheusConfig()', () => {
  test('reads every key', () => {
    const config = parsePrometheusConfig(WHOLE, '/etc/prometheus.yml');
    expect(config.global).toMatchObject({
      scrape_interval: 15_000,
      evaluation_interval: 30_000,
      external_labels: { site: 'home', shard: '1' },
    });
    const [first, full] = config.scrape_configs;
    expect(first).toMatchObject({
      job_name: 'prometheus',
      scrape_interval: 15_000,
      scrape_timeout: 5000,
      metrics_path: '/metrics',
      scheme: 'http',
      honor_labels: false,
      honor_timestamps: true,
      sample_limit: 1500,
      body_size_limit: 15 * 1024 ** 2,
      keep_dropped_targets: 5,
      directory: '/etc',
      static_configs: [{ targets: ['localhost:9090'], labels: { env: 'prod' } }],
    });
    expect(full).toMatchObject({
      scrape_interval: 50_000,
      metrics_path: '/m',
      scheme: 'https',
      honor_labels: true,
      honor_timestamps: false,
      sample_limit: 1000,
      scrape_protocols: ['PrometheusProto'],
      params: { module: ['a', 'b'] },
      follow_redirects: false,
      dns_sd_configs: [
        { type: 'SRV', refresh_interval: 15_000 },
        { type: 'A', port: 80, refresh_interval: 30_000 },
      ],
      http_sd_configs: [{ url: 'http://sd.example/', refresh_interval: 60_000 }],
    });
    expect(config.rule_files).toEqual(['rules/*.yml']);
    expect(config.alerting.alertmanagers[0]).toMatchObject({
      scheme: 'https',
      path_prefix: '/am',
      timeout: 5000,
    });
    expect(config.remote_write[0]).toMatchObject({
      remote_timeout: 10_000,
      queue_config: { capacity: 500, max_backoff: 5000 },
    });
    expect(config.remote_read[0]).toMatchObject({ read_recent: true, remote_timeout: 60_000 });
    expect(config.storage).toMatchObject({
      tsdb: { out_of_order_time_window: 1_800_000 },
      exemplars: { max_exemplars: 500 },
    });
    expect(config.warnings).toEqual(['/etc/prometheus.yml: tracing has no effect here']);
    expect(JSON.stringify(config)).not.toContain('hush');
  });

  test('an empty file and empty sections are valid, with the defaults of Prometheus', () => {
    const config = parsePrometheusConfig('scrape_configs:\nrule_files:\n', 'p.yml');
    expect(config).toMatchObject({
      global: { scrape_interval: 60_000, scrape_timeout: 10_000, evaluation_interval: 60_000 },
      scrape_configs: [],
      rule_files: [],
    });
    expect(parsePrometheusConfig('', 'p.yml').scrape_configs).toEqual([]);
  });

  test('a short interval shortens the default timeout', () => {
    const { scrape_configs } = parsePrometheusConfig(
      'scrape_configs: [{job_name: a, scrape_interval: 2s}]',
      'p.yml',
    );
    expect(scrape_configs[0]).toMatchObject({ scrape_interval: 2000, scrape_timeout: 2000 });
  });

  test.each([
    [
      'scrape_configs:\n  - job_name: a\n    scrape_intervall: 1s\n',
      'prometheus.yml:3:5: unknown key "scrape_intervall"',
    ],
    ['global: {scrape_interval: 1s, scrape_timeout: 2s}', 'global scrape timeout is longer'],
    [
      'scrape_configs:\n  - {job_name: a}\n  - {job_name: a}\n',
      'prometheus.yml:3:6: more than one scrape config has the job name "a"',
    ],
    ['scrape_configs: [{job_name: a, scrape_timeout: 2m}]', 'timeout of job "a" is longer than its interval'],
    ['scrape_configs: [{scrape_interval: 1s}]', 'missing key "job_name"'],
    ['scrape_configs: [{job_name: ""}]', 'job_name is empty'],
    [
      'scrape_configs:\n- job_name: a\n  kubernetes_sd_configs: [{role: pod}]\n',
      'kubernetes_sd_configs: this discovery is not supported: use static_configs',
    ],
    [
      "scrape_configs: [{job_name: a, static_configs: [{targets: ['http://x/m']}]}]",
      'is not a host with a port',
    ],
    ['scrape_configs: [{job_name: a, file_sd_configs: [{files: [x.txt]}]}]', 'does not end with .json'],
    ['scrape_configs: [{job_name: a, dns_sd_configs: [{names: [x], type: A}]}]', 'a port is required'],
    ['scrape_configs: [{job_name: a, dns_sd_configs: [{names: [x], type: TXT}]}]', 'invalid DNS record type'],
    ['scrape_configs: [{job_name: a, relabel_configs: [{action: zap}]}]', 'unknown relabel action'],
    ['scrape_configs: [{job_name: a, basic_auth: {username: a}, bearer_token: b}]', 'give one of basic_auth'],
    ['remote_write: [{name: a}]', 'missing key "url"'],
    ['remote_write: [{url: "x"}]', 'expected an http(s) URL'],
    ['alerting: {alertmanagers: [{api_version: v1}]}', 'only the Alertmanager API v2'],
    ['global: {external_labels: {"a-b": c}}', 'is not a label name'],
    ['storage: {tsdb: {x: 1}}', 'unknown key "x"'],
  ])('%j: %s', (text, expected) => {
    expect(problem(text)).toContain(expected);
  });

  test('the secrets of a configuration are not printed', () => {
    const { scrape_configs } = parsePrometheusConfig(
      'scrape_configs: [{job_name: a, bearer_token: hush}]',
      'p.yml',
    );
    expect(scrape_configs[0]?.bearer_token?.reveal()).toBe('hush');
    expect(JSON.stringify(scrape_configs)).toContain('<secret>');
  });
});

describe('loadPrometheusConfig()', () => {
  test('adds the jobs of scrape_config_files', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'prunella-config-'));
    const file = join(folder, 'prometheus.yml');
    writeFileSync(file, 'global: {scrape_interval: 7s}\nscrape_config_files: [jobs-*.yml]\n');
    writeFileSync(join(folder, 'jobs-a.yml'), 'scrape_configs: [{job_name: a}]');
    writeFileSync(join(folder, 'jobs-b.yml'), 'scrape_configs: [{job_name: b}]');
    const { scrape_configs } = await loadPrometheusConfig(file);
    expect(scrape_configs.map(({ job_name, scrape_interval }) => [job_name, scrape_interval])).toEqual([
      ['a', 7000],
      ['b', 7000],
    ]);
    writeFileSync(join(folder, 'jobs-c.yml'), 'scrape_configs: [{job_name: a}]');
    await expect(loadPrometheusConfig(file)).rejects.toThrow('more than one scrape config');
    await expect(loadPrometheusConfig(join(folder, 'gone.yml'))).rejects.toThrow('gone.yml: no such file');
    rmSync(folder, { recursive: true });
  });
});

test('a target that relabelling will replace may be a URL, as blackbox probes have it', () => {
  const relabel = "relabel_configs: [{target_label: __address__, replacement: '127.0.0.1:9090'}]";
  const text = `scrape_configs: [{job_name: a, ${relabel}, static_configs: [{targets: ['http://x/m']}]}]`;
  expect(parsePrometheusConfig(text, 'prometheus.yml').scrape_configs).toHaveLength(1);
});
