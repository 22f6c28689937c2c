import { expect, test } from 'vitest';
import { parsePrometheusConfig } from './config/prometheus.ts';
import { unresolvedHosts } from './unresolved.ts';

test('unresolvedHosts() names each host that does not resolve, once, and where', async () => {
  const config = parsePrometheusConfig(
    `scrape_configs:
- {job_name: a, static_configs: [{targets: ['api:8000', '10.0.0.1:9100', '[::1]:1', 'aip:8000', 'aip:8001']}]}
- {job_name: b, metrics_path: /probe, relabel_configs: [{target_label: x, replacement: y}], static_configs: [{targets: ['https://nowhere/x']}]}
- {job_name: c, http_sd_configs: [{url: 'http://sd.nowhere/'}]}
remote_write: [{url: 'http://mimir.nowhere/push'}]
`,
    'p.yml',
  );
  const resolve = (host: string): Promise<string> =>
    host === 'api' ? Promise.resolve('10.0.0.9') : Promise.reject(new Error('ENOTFOUND'));
  expect(await unresolvedHosts(config, resolve)).toEqual([
    'job "a": the host "aip" does not resolve',
    'http_sd_configs of job "c": the host "sd.nowhere" does not resolve',
    'remote_write: the host "mimir.nowhere" does not resolve',
  ]);
});
