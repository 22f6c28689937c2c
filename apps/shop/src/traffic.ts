import { run } from './lifecycle.ts';
import { readSettings, SettingsError } from './settings.ts';
import { startTraffic } from './visitors.ts';

const REPORT_MS = 60_000;

/** A trickle of visitors: `TRAFFIC_RATE` requests per second (default 2) to `SHOP_URL`. */
await run('traffic', async (log) => {
  const { env } = readSettings(process.env);
  const rate = Number(env['TRAFFIC_RATE'] ?? '2');
  if (!(rate > 0 && rate <= 1000))
    throw new SettingsError('TRAFFIC_RATE: expected requests per second, up to 1000');
  const url = env['SHOP_URL'] ?? 'http://127.0.0.1:8000';
  const traffic = startTraffic({ url, rate, random: Math.random });
  log(`${rate} requests per second to ${url}`);
  const timer = setInterval(() => {
    const { sent, unanswered } = traffic.counts();
    log(`${sent} requests, ${unanswered} without an answer`);
  }, REPORT_MS);
  return async () => {
    clearInterval(timer);
    traffic.stop();
  };
});
