// A moment of a database for a backup: of a running server's, or of one that nobody uses. Postgres keeps the moment in a
// transaction on a connection of its own; of an SQLite file a copy is made beside it and read instead, because there is
// one connection only and requests must not wait for a backup.

import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ClavigerError } from '../../../domain/errors.ts'
import type { Snapshot } from '../../transfer.ts'
import type { Engine } from '../engine.ts'
import { notComplete, readMarks } from './marks.ts'
import { type HeldPlace, hold, openPlace } from './place.ts'
import { pagesOf } from './rows.ts'
import { appliedMigrations, findTables } from './tables.ts'

const SCRATCH = 'copy-for-backup-'

export interface SnapshotOptions {
  readonly url: string
  /** Tables that are left out. */
  readonly without: readonly string[]
}

/** A moment of the database that this engine of a running server has open; `scratch` is a directory of its own. */
export async function snapshotOf(
  engine: Pick<Engine, 'copyTo'>,
  scratch: string,
  options: SnapshotOptions,
): Promise<Snapshot> {
  if (engine.copyTo === undefined) return openSnapshot(options)
  const directory = await mkdtemp(join(scratch, SCRATCH))
  const remove = () => rm(directory, { recursive: true, force: true })
  try {
    const path = join(directory, 'copy.db')
    await engine.copyTo(path)
    const copy = await openSnapshot({ ...options, url: `sqlite:${path}` })
    const close = async () => {
      await copy.close()
      await remove()
    }
    return { ...copy, close }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Removes copies that a killed server left; only for the one that has the database now. */
export async function removeLeftCopies(scratch: string): Promise<void> {
  for (const name of await readdir(scratch)) {
    if (name.startsWith(SCRATCH)) await rm(join(scratch, name), { recursive: true, force: true })
  }
}

/** A moment of a database that is opened for this; throws `unavailable` when it is not complete. */
export async function openSnapshot({ url, without }: SnapshotOptions): Promise<Snapshot> {
  const place = await openPlace(url, false)
  let held: HeldPlace = { ...place, still: place.database }
  try {
    held = await hold(place, false)
    const { engine, still } = held
    const { incoming } = await readMarks(still, engine)
    if (incoming !== undefined) throw notComplete(incoming, place.name)
    const migrations = await appliedMigrations(still, engine)
    if (migrations.length === 0) throw nothingThere(place.name)
    const tables = (await findTables(still, engine)).filter(({ name }) => !without.includes(name))
    return {
      ...{ engine, migrations, tables },
      async *pages({ name }) {
        const table = tables.find((one) => one.name === name)
        if (table === undefined) return
        try {
          for await (const { rows } of pagesOf(still, engine, table)) yield rows
        } catch (error) {
          throw place.translate(error)
        }
      },
      close: held.close,
    }
  } catch (error) {
    await held.close()
    throw place.translate(error)
  }
}

/** `not_found`: it has no tables of ours. */
export function nothingThere(name: string): ClavigerError {
  return new ClavigerError('not_found', `There is nothing in ${name}.`, {
    hint: 'Check the URL: is it the database of a Claviger that was started?',
  })
}

/** `unavailable`: it has migrations that this program does not know. */
export function newer(name: string): ClavigerError {
  return new ClavigerError('unavailable', `${name} was written by a newer Claviger.`, {
    hint: 'Use that version for this, too.',
  })
}
