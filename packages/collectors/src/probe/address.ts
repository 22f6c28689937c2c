import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Exposition } from '../exposition.ts';

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

interface Preference {
  readonly preferred_ip_protocol: 'ip4' | 'ip6';
  readonly ip_protocol_fallback: boolean;
}

/** Resolves a host, preferred address family first. @throws Error where it has no usable address */
export async function resolveHost(
  host: string,
  preference: Preference,
  out: Exposition,
): Promise<Address & { seconds: number }> {
  const started = performance.now();
  const bare = host.replace(/^\[|\]$/g, '');
  const known = isIP(bare);
  const found = known === 0 ? await lookup(bare, { all: true }) : [{ address: bare, family: known }];
  const seconds = (performance.now() - started) / 1000;
  const wanted = preference.preferred_ip_protocol === 'ip6' ? 6 : 4;
  const chosen =
    found.find(({ family }) => family === wanted) ??
    (preference.ip_protocol_fallback || known ? found[0] : undefined);
  if (!chosen) throw new Error(`${host} has no ${preference.preferred_ip_protocol} address`);
  out.gauge('probe_dns_lookup_time_seconds', 'Time to resolve the target’s name.', seconds);
  out.gauge('probe_ip_protocol', '4 or 6: the address family in use.', chosen.family);
  out.gauge('probe_ip_addr_hash', 'FNV-1a hash of the address.', fnv1a(addressBytes(chosen.address)));
  return { address: chosen.address, family: chosen.family === 6 ? 6 : 4, seconds };
}

/** The 4 or 16 bytes of an address. */
export function addressBytes(address: string): number[] {
  if (isIP(address) === 4) return address.split('.').map(Number);
  // The URL parser writes IPv4 tails (::ffff:1.2.3.4) as hexadecimal groups; a zone (%eth0) is not part of the address.
  const canonical = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const missing = 8 - groups(head).length - groups(tail ?? '').length;
  const zeros = tail === undefined ? [] : Array.from({ length: missing }, () => '0');
  return [...groups(head), ...zeros, ...groups(tail ?? '')].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** 32 bits of FNV-1a, as blackbox_exporter computes them over the address's bytes. */
function fnv1a(bytes: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}
