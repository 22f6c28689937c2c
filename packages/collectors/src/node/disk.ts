import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exposition } from '../exposition.ts';
import { readLines, type NodeSource } from './source.ts';

/** What node_exporter leaves out as well: RAM disks, loop devices, partitions. */
const IGNORED = /^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$/;
const SECTOR_BYTES = 512;

interface Field {
  readonly type: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly factor: number;
}

const counter = (name: string, help: string, factor = 1): Field => ({ type: 'counter', name, help, factor });

/** The columns of /proc/diskstats after the device's name (kernel: admin-guide/iostats). */
const FIELDS: readonly Field[] = [
  counter('node_disk_reads_completed_total', 'Reads done.'),
  counter('node_disk_reads_merged_total', 'Reads joined with a neighbour before they were issued.'),
  counter('node_disk_read_bytes_total', 'Bytes read.', SECTOR_BYTES),
  counter('node_disk_read_time_seconds_total', 'Time spent on reads.', 0.001),
  counter('node_disk_writes_completed_total', 'Writes done.'),
  counter('node_disk_writes_merged_total', 'Writes joined with a neighbour before they were issued.'),
  counter('node_disk_written_bytes_total', 'Bytes written.', SECTOR_BYTES),
  counter('node_disk_write_time_seconds_total', 'Time spent on writes.', 0.001),
  { type: 'gauge', name: 'node_disk_io_now', help: 'Requests in flight.', factor: 1 },
  counter('node_disk_io_time_seconds_total', 'Time with at least one request in flight.', 0.001),
  counter('node_disk_io_time_weighted_seconds_total', 'Time in flight, summed over requests.', 0.001),
  counter('node_disk_discards_completed_total', 'Discards done.'),
  counter('node_disk_discards_merged_total', 'Discards joined with a neighbour.'),
  counter('node_disk_discarded_sectors_total', 'Sectors discarded.'),
  counter('node_disk_discard_time_seconds_total', 'Time spent on discards.', 0.001),
  counter('node_disk_flush_requests_total', 'Flushes done.'),
  counter('node_disk_flush_requests_time_seconds_total', 'Time spent on flushes.', 0.001),
];

export async function collectDisks(source: NodeSource, out: Exposition): Promise<void> {
  for (const line of await readLines(join(source.proc, 'diskstats'))) {
    const [major = '', minor = '', device = '', ...values] = line.trim().split(/\s+/);
    if (IGNORED.test(device)) continue;
    for (const [i, value] of values.entries()) {
      const field = FIELDS[i];
      if (field) out[field.type](field.name, field.help, Number(value) * field.factor, { device });
    }
    await addInfo(source, out, { device, major, minor });
  }
}

/** What udev knows: lines `E:KEY=value` in its database. */
async function addInfo(
  source: NodeSource,
  out: Exposition,
  disk: { device: string; major: string; minor: string },
): Promise<void> {
  const udev = join(source.root, 'run/udev/data', `b${disk.major}:${disk.minor}`);
  const lines = await readLines(udev).catch(() => []);
  const property = (key: string): string =>
    lines.find((line) => line.startsWith(`E:${key}=`))?.slice(key.length + 3) ?? '';
  const rotational = await readFile(join(source.sys, 'block', disk.device, 'queue/rotational'), 'utf8').catch(
    () => '',
  );
  out.gauge('node_disk_info', 'Always 1; facts about the disk are in the labels.', 1, {
    ...disk,
    path: property('ID_PATH'),
    wwn: property('ID_WWN'),
    model: property('ID_MODEL'),
    serial: property('ID_SERIAL_SHORT'),
    revision: property('ID_REVISION'),
    rotational: rotational.trim(),
  });
}
