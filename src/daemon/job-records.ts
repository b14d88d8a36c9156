import type { Job, JobRecords, JobState } from '../jobs/index.ts';
import type { Database } from '../store/index.ts';

const migrations = [
  `CREATE TABLE jobs (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     submission TEXT NOT NULL,
     state TEXT NOT NULL
   ) STRICT`,
];

/** Jobs in the database: what was submitted never changes, the state does. */
export function createJobRecords(database: Database): JobRecords {
  database.migrate('jobs', migrations);
  const { sqlite } = database;
  const insert = sqlite.prepare('INSERT INTO jobs (submission, state) VALUES (?, ?)');
  const update = sqlite.prepare('UPDATE jobs SET state = ? WHERE id = ?');
  const one = sqlite.prepare('SELECT * FROM jobs WHERE id = ?');
  const all = sqlite.prepare('SELECT * FROM jobs ORDER BY id');
  return {
    insert({ state, ...submission }) {
      const { lastInsertRowid } = insert.run(JSON.stringify(submission), JSON.stringify(state));
      return { ...submission, state, id: Number(lastInsertRowid) };
    },
    setState(id: number, state: JobState) {
      update.run(JSON.stringify(state), id);
    },
    get(id) {
      const row = one.get(id);
      return row && jobOf(row);
    },
    list: () => all.all().map(jobOf),
  };
}

function jobOf(row: Record<string, unknown>): Job {
  return {
    ...(JSON.parse(row.submission as string) as Omit<Job, 'id' | 'state'>),
    id: row.id as number,
    state: JSON.parse(row.state as string) as JobState,
  };
}
