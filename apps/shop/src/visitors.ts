/** One kind of request that visitors make, and how often among a thousand. */
interface Visit {
  readonly weight: number;
  readonly path: string;
  readonly init?: (random: () => number) => RequestInit;
}

const PRODUCTS = [101, 102, 103];
const TIMEOUT_MS = 5000;
/** A shop that does not answer must not be buried by those who wait. */
const MAX_IN_FLIGHT = 50;

/** What a day in a small shop looks like: mostly looking, some buying, some who got lost. */
const VISITS: readonly Visit[] = [
  { weight: 220, path: '/products' },
  ...PRODUCTS.map((id) => ({ weight: 80, path: `/products/${id}` })),
  { weight: 200, path: '/data' },
  { weight: 100, path: '/' },
  { weight: 90, path: '/transactions?limit=20' },
  { weight: 100, path: '/transactions', init: order },
  { weight: 12, path: '/products/999999' },
  { weight: 12, path: '/no-such-page' },
  { weight: 8, path: '/users' },
  { weight: 10, path: '/upload', init: registration },
];
const TOTAL_WEIGHT = VISITS.reduce((sum, { weight }) => sum + weight, 0);

function order(random: () => number): RequestInit {
  const quantity = 1 + Math.floor(random() * 3);
  const total = Math.round(quantity * (5 + random() * 95) * 100) / 100;
  const product_id = PRODUCTS[Math.floor(random() * PRODUCTS.length)];
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ product_id, quantity, total }),
  };
}

/** A hundred regular customers who change their passwords: the table does not grow. */
function registration(random: () => number): RequestInit {
  const body = new FormData();
  const line = (): string => `customer${Math.floor(random() * 100)}:${random().toString(36).slice(2)}x`;
  body.set('file', new Blob([`${line()}\n${line()}\n`]), 'users.txt');
  return { method: 'POST', body };
}

/** @param random from 0 to below 1 */
export function pickVisit(random: () => number): Visit {
  let left = random() * TOTAL_WEIGHT;
  for (const visit of VISITS) {
    left -= visit.weight;
    if (left < 0) return visit;
  }
  throw new Error('The weights do not add up');
}

export interface TrafficOptions {
  readonly url: string;
  /** Requests per second. */
  readonly rate: number;
  readonly random: () => number;
}

export interface Traffic {
  counts(): { readonly sent: number; readonly unanswered: number };
  stop(): void;
}

export function startTraffic({ url, rate, random }: TrafficOptions): Traffic {
  let inFlight = 0;
  let sent = 0;
  let unanswered = 0;
  const send = (): void => {
    if (inFlight >= MAX_IN_FLIGHT) return;
    const { path, init } = pickVisit(random);
    sent++;
    inFlight++;
    visit(new URL(path, url), init?.(random) ?? {})
      .catch(() => {
        unanswered++; // the shop is down, or being mended: that is what this is a demo of
      })
      .finally(() => inFlight--);
  };
  const timer = setInterval(send, 1000 / rate);
  return {
    counts: () => ({ sent, unanswered }),
    stop: () => clearInterval(timer),
  };
}

async function visit(url: URL, init: RequestInit): Promise<void> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
  await response.arrayBuffer();
}
