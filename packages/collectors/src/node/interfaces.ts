import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exposition } from '../exposition.ts';
import type { NodeSource } from './source.ts';

interface Attribute {
  readonly file: string;
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
}

const gauge = (file: string, name: string, help: string): Attribute => ({ file, name, type: 'gauge', help });
const counter = (file: string, name: string, help: string): Attribute => ({
  file,
  name,
  type: 'counter',
  help,
});

/** Files of /sys/class/net/DEVICE that hold a number (kernel: ABI/testing/sysfs-class-net). */
const ATTRIBUTES: readonly Attribute[] = [
  gauge('addr_assign_type', 'address_assign_type', 'How the hardware address came about.'),
  gauge('carrier', 'carrier', '1 with a physical link.'),
  counter('carrier_changes', 'carrier_changes_total', 'Changes of the physical link.'),
  counter('carrier_down_count', 'carrier_down_changes_total', 'Times the physical link went down.'),
  counter('carrier_up_count', 'carrier_up_changes_total', 'Times the physical link came up.'),
  gauge('dev_id', 'device_id', 'Tells interfaces with the same address apart.'),
  gauge('dormant', 'dormant', '1 while the interface waits for something outside.'),
  gauge('flags', 'flags', 'Flags of the interface as a number.'),
  gauge('ifindex', 'iface_id', 'Number of the interface.'),
  gauge('iflink', 'iface_link', 'Number of the interface below.'),
  gauge('link_mode', 'iface_link_mode', 'Link mode.'),
  gauge('mtu', 'mtu_bytes', 'Largest packet.'),
  gauge('name_assign_type', 'name_assign_type', 'How the name came about.'),
  gauge('netdev_group', 'net_dev_group', 'Group of the interface.'),
  gauge('type', 'protocol_type', 'Protocol type (ARPHRD_ number).'),
  gauge('tx_queue_len', 'transmit_queue_length', 'Length of the send queue.'),
];

const INFO = ['address', 'broadcast', 'duplex', 'ifalias', 'operstate'] as const;
const INTERFACE_UP = 1;

/** What the interfaces are, as opposed to what went through them. */
export async function collectInterfaces(source: NodeSource, out: Exposition): Promise<void> {
  const folder = join(source.sys, 'class/net');
  for (const device of (await readdir(folder)).sort()) {
    // An attribute that an interface does not have (a link that is down has no carrier) refuses to be read.
    const read = async (file: string): Promise<string | undefined> =>
      (await readFile(join(folder, device, file), 'utf8').catch(() => undefined))?.trim();
    for (const { file, name, type, help } of ATTRIBUTES) {
      const value = await read(file);
      if (value !== undefined && value !== '')
        out[type](`node_network_${name}`, help, Number(value), { device });
    }
    const speed = await read('speed');
    // Mbit/s; -1 where the driver does not know.
    if (speed !== undefined && Number(speed) >= 0)
      out.gauge(
        'node_network_speed_bytes',
        'Speed of the link in bytes per second.',
        Number(speed) * 125_000,
        { device },
      );
    await addInfo(device, read, out);
  }
}

async function addInfo(
  device: string,
  read: (file: string) => Promise<string | undefined>,
  out: Exposition,
): Promise<void> {
  const values = await Promise.all(INFO.map(async (file) => [file, (await read(file)) ?? ''] as const));
  const info = Object.fromEntries(values) as Record<(typeof INFO)[number], string>;
  const adminstate = Number(await read('flags')) & INTERFACE_UP ? 'up' : 'down';
  out.gauge('node_network_info', 'Always 1; facts are in the labels.', 1, { ...info, adminstate, device });
  out.gauge('node_network_up', '1 when the interface is up.', info.operstate === 'up' ? 1 : 0, { device });
}
