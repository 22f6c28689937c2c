import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exposition } from '../exposition.ts';
import { readLines, type NodeSource } from './source.ts';

// The mount points and types that node_exporter leaves out by default.
const IGNORED_MOUNTS =
  /^\/(dev|proc|run\/credentials\/.+|sys|var\/lib\/docker\/.+|var\/lib\/containers\/storage\/.+)($|\/)/;
const IGNORED_TYPES =
  /^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$/;
/** A network file system whose server is away lets statfs hang for ever. */
const STATFS_TIMEOUT_MS = 2000;

interface Mount {
  readonly device: string;
  readonly mountpoint: string;
  readonly fstype: string;
  readonly readOnly: boolean;
}

export async function collectFilesystems(source: NodeSource, out: Exposition): Promise<void> {
  const lines = await readLines(join(source.proc, '1/mounts')).catch(() =>
    readLines(join(source.proc, 'self/mounts')),
  );
  const mounts = usable(lines.map(parseMount));
  const stats = await Promise.all(mounts.map((mount) => stat(source, mount)));
  for (const [i, mount] of mounts.entries()) addMount(out, mount, stats[i] as Stats | Error);
}

/** A line of mounts(5); spaces and such are written as octal escapes. */
function parseMount(line: string): Mount {
  const [device = '', mountpoint = '', fstype = '', options = ''] = line
    .split(' ')
    .map((field) =>
      field.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
  return { device, mountpoint, fstype, readOnly: options.split(',').includes('ro') };
}

function usable(mounts: readonly Mount[]): Mount[] {
  const kept = mounts.filter((mount) => {
    // Inside a container the root is an overlay: still the disk that this machine has.
    if (mount.mountpoint === '/' && mount.fstype === 'overlay') return true;
    return !IGNORED_MOUNTS.test(mount.mountpoint) && !IGNORED_TYPES.test(mount.fstype);
  });
  // Of mounts over one another only the last is visible.
  return [...new Map(kept.map((mount) => [mount.mountpoint, mount])).values()];
}

interface Stats {
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}

async function stat(source: NodeSource, mount: Mount): Promise<Stats | Error> {
  const late = new Promise<Error>((resolve) => {
    source.clock.setTimeout(() => resolve(new Error('statfs timed out')), STATFS_TIMEOUT_MS);
  });
  const path = source.root === '/' ? mount.mountpoint : join(source.root, mount.mountpoint);
  return Promise.race([statfs(path).catch((error: Error) => error), late]);
}

function addMount(
  out: Exposition,
  { device, mountpoint, fstype, readOnly }: Mount,
  stats: Stats | Error,
): void {
  const labels = { device, fstype, mountpoint, device_error: stats instanceof Error ? stats.message : '' };
  const error = stats instanceof Error ? 1 : 0;
  out.gauge(
    'node_filesystem_device_error',
    '1 when the file system could not be asked; device_error says why.',
    error,
    labels,
  );
  out.gauge('node_filesystem_readonly', '1 when mounted read-only.', readOnly ? 1 : 0, labels);
  if (stats instanceof Error) return;
  const { bsize } = stats;
  out.gauge('node_filesystem_size_bytes', 'Size of the file system.', stats.blocks * bsize, labels);
  out.gauge(
    'node_filesystem_free_bytes',
    'Free space, the reserved part included.',
    stats.bfree * bsize,
    labels,
  );
  out.gauge('node_filesystem_avail_bytes', 'Free space for ordinary users.', stats.bavail * bsize, labels);
  out.gauge('node_filesystem_files', 'Inodes.', stats.files, labels);
  out.gauge('node_filesystem_files_free', 'Free inodes.', stats.ffree, labels);
}
