import { Labels } from '@prunella/metrics';
import { inProcessTarget } from './collectors.ts';
import type { Components } from './components.ts';
import type { Loaded } from './load.ts';

/** Makes the running parts do what the files say. What has not changed goes on undisturbed. */
export async function apply(components: Components, loaded: Loaded, port: number): Promise<void> {
  const { alertmanager, healing, supervisor, collectors, remoteWrite, notifier, scrape, rules, registry } =
    components;
  const { global, alerting, remote_write: remotes, scrape_configs: jobs, directory } = loaded.prometheus;
  const externalLabels = Labels.from(global.external_labels);
  // First what can still fail, on a template that only shows its fault when it is compiled.
  await alertmanager.apply(loaded.alertmanager);
  healing.apply(loaded.healing);
  await supervisor.apply(loaded.prunella.workloads?.processes ?? []);
  await collectors.apply(loaded);
  await remoteWrite.apply(remotes, externalLabels, directory);
  await notifier.apply({
    alert_relabel_configs: alerting.alert_relabel_configs,
    alertmanagers: alerting.alertmanagers.map((settings) => ({
      settings,
      discoveries: scrape.discoveries(settings, directory),
    })),
    directory,
  });
  const instance = `localhost:${port}`;
  const interval = global.scrape_interval;
  await scrape.apply(jobs, [
    inProcessTarget('prunella', instance, interval, `http://${instance}/metrics`, () => registry.metrics()),
    ...collectors.targets(instance, interval),
  ]);
  await rules.apply(loaded.rules, {
    evaluationInterval: global.evaluation_interval,
    queryOffset: global.rule_query_offset,
    externalLabels,
  });
}
