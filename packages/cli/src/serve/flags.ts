import type { Flags } from '../flags.ts';

/** The flags of `prunella serve` and `prunella demo`. Those that Prometheus has mean what they mean there. */
export const serveFlags = {
  'prunella.config': { kind: 'text', help: 'prunella.yml, which names the other files.' },
  'config.file': { kind: 'text', help: 'prometheus.yml; overrides the one that prunella.yml names.' },
  'alertmanager.config': { kind: 'text', help: 'alertmanager.yml; overrides the one that prunella.yml names.' },
  'healing.config': { kind: 'text', help: 'healing.yml; overrides the one that prunella.yml names.' },
  'storage.tsdb.path': { kind: 'text', default: 'data/', help: 'The data directory, in Prometheus’s format.' },
  'storage.tsdb.retention.time': { kind: 'duration', default: '15d', help: 'How long samples are kept.' },
  'storage.tsdb.retention.size': { kind: 'size', default: '0', help: 'How much disk blocks may take; 0 = no limit.' },
  'web.listen-address': { kind: 'text', default: '127.0.0.1:9090', help: 'Where to listen; port 0 = any free one.' },
  'web.external-url': { kind: 'text', help: 'How people reach this server, for links in messages.' },
  'web.config.file': { kind: 'text', help: 'TLS and basic authentication, in Prometheus’s format.' },
  'web.enable-admin-api': { kind: 'switch', help: 'Allow deleting series and snapshots over HTTP.' },
  'web.enable-lifecycle': { kind: 'switch', help: 'Allow POST /-/reload and /-/quit.' },
  'web.enable-remote-write-receiver': { kind: 'switch', help: 'Accept remote write at /api/v1/write.' },
  'query.timeout': { kind: 'duration', default: '2m', help: 'When a query is given up.' },
  'query.max-samples': { kind: 'number', default: '50000000', help: 'How many samples a query may hold at once.' },
  'query.max-concurrency': { kind: 'number', default: '20', help: 'How many queries run at once; others wait.' },
  'query.lookback-delta': { kind: 'duration', default: '5m', help: 'How old the newest sample of a series may be.' },
  'query.url': { kind: 'text', help: 'Ask this Prometheus instead of the own storage.' },
  'enable-feature': { kind: 'texts', help: 'Prometheus’s feature flags, comma-separated.' },
  'log.level': { kind: 'text', default: 'info', help: 'debug, info, warn or error.' },
  'log.format': { kind: 'text', default: 'logfmt', help: 'logfmt or json.' },
} as const satisfies Flags;
