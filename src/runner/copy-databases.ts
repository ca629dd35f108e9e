// Copies of SQLite databases for one run, whole even while another process writes. It does not carry anything back.

import { chmod, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { matcher } from './private-directory.ts'

/**
 * Copies the databases of `home` that match `patterns` into `directory`. One that cannot be copied (damaged, or a
 * Node.js without SQLite) is left out: the program makes it again, more slowly.
 */
export async function copyDatabases(
  home: string,
  directory: string,
  patterns: readonly string[],
): Promise<void> {
  if (patterns.length === 0) return
  const names = (await readdir(home).catch(() => [])).filter(matcher(patterns))
  await Promise.all(
    names.map((name) =>
      copy(join(home, name), join(directory, name)).catch(() => rm(join(directory, name), { force: true })),
    ),
  )
}

async function copy(source: string, target: string): Promise<void> {
  const { backup, DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(source, { readOnly: true })
  try {
    await backup(database, target)
    await chmod(target, 0o600)
  } finally {
    database.close()
  }
}
