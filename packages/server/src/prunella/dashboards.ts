import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';

/** What the list of dashboards needs to know; the rest of the JSON goes to the page as it is. */
const dashboardSchema = v.looseObject({
  uid: v.optional(v.nullable(v.string())),
  title: v.string(),
  tags: v.optional(v.nullable(v.array(v.string()))),
});

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  /** The sub-folder that the file lies in, '' at the top. */
  readonly folder: string;
  readonly file: string;
  readonly json: string;
}

export interface DashboardProblem {
  readonly file: string;
  readonly message: string;
}

/** Reads every `*.json` below the folders. A file that is no dashboard is a problem to show, never a reason to stop. */
export async function readDashboards(
  folders: readonly string[],
): Promise<{ dashboards: Dashboard[]; problems: DashboardProblem[] }> {
  const dashboards: Dashboard[] = [];
  const problems: DashboardProblem[] = [];
  for (const folder of folders) {
    const files = await readdir(folder, { recursive: true }).catch((error: Error) => {
      problems.push({ file: folder, message: error.message });
      return [];
    });
    for (const name of files.filter((file) => file.endsWith('.json')).sort()) {
      const file = join(folder, name);
      try {
        dashboards.push(parseDashboard(await readFile(file, 'utf8'), file, folder));
      } catch (error) {
        problems.push({ file, message: (error as Error).message });
      }
    }
  }
  return { dashboards: withUniqueUids(dashboards, problems), problems };
}

function parseDashboard(text: string, file: string, folder: string): Dashboard {
  // Exports for sharing wrap the dashboard.
  const parsed = JSON.parse(text) as { dashboard?: unknown };
  const json = v.parse(dashboardSchema, parsed.dashboard ?? parsed);
  const path = relative(folder, file).split(/[\\/]/);
  return {
    uid: json.uid || basename(file, '.json'),
    title: json.title,
    tags: json.tags ?? [],
    folder: path.slice(0, -1).join('/'),
    file,
    json: JSON.stringify(json),
  };
}

function withUniqueUids(dashboards: readonly Dashboard[], problems: DashboardProblem[]): Dashboard[] {
  const byUid = new Map<string, Dashboard>();
  for (const dashboard of dashboards) {
    const first = byUid.get(dashboard.uid);
    if (first)
      problems.push({
        file: dashboard.file,
        message: `has the uid of ${first.file} (${dashboard.uid}); left out`,
      });
    else byUid.set(dashboard.uid, dashboard);
  }
  return [...byUid.values()].sort((a, b) => a.title.localeCompare(b.title));
}

export function dashboardRoutes(app: FastifyInstance, folders: () => readonly string[]): void {
  // Read afresh each time: whoever edits a dashboard file reloads the page, not the server.
  app.get('/api/prunella/dashboards', async () => {
    const { dashboards } = await readDashboards(folders());
    return dashboards.map(({ uid, title, tags, folder, file }) => ({
      uid,
      title,
      tags,
      folder,
      file: basename(file),
    }));
  });
  app.get<{ Params: { uid: string } }>('/api/prunella/dashboards/:uid', async (request, reply) => {
    const { dashboards } = await readDashboards(folders());
    const found = dashboards.find(({ uid }) => uid === request.params.uid);
    if (!found)
      return reply
        .code(404)
        .send({ error: `no dashboard with the uid ${request.params.uid}`, code: 'not_found' });
    return reply.type('application/json; charset=utf-8').send(found.json);
  });
}
