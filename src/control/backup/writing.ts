// From a moment of the database to the bytes of a backup. Nothing is opened: what is sealed stays sealed.

import { pipeline, Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { BACKUP_FORMAT, BACKUP_VERSION, type BackupHeader } from '../../domain/backup.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { cellToJson, type Snapshot } from '../../store/transfer.ts'
import type { Vault } from '../../vault/vault.ts'

/** Keeps this use of the master key apart from all others. */
export const PURPOSE = 'backup'

// Milliseconds that a reader may take over one piece: meanwhile a moment of the database is held.
const PATIENCE = 120_000

export interface WritingOptions {
  readonly vault: Vault
  /** Version of the program. */
  readonly program: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/** The backup as it is made while it is read. The snapshot is closed before its end is told, however it ends. */
export function backupOf(
  snapshot: Snapshot,
  options: WritingOptions,
  ended: () => void = () => undefined,
): AsyncIterableIterator<Uint8Array> {
  const closed = Promise.withResolvers<void>()
  const text = Readable.from(linesOf(snapshot, options), { objectMode: true, highWaterMark: 1 })
  const bytes = pipeline(text, createGzip(), () => {
    // Whoever reads is told what went wrong; that giving up the moment fails as well helps nobody.
    void snapshot
      .close()
      .catch(() => undefined)
      .then(ended)
      .finally(closed.resolve)
  })
  return attended(bytes, closed.promise)
}

async function* linesOf(snapshot: Snapshot, { vault, program, at }: WritingOptions): AsyncGenerator<string> {
  const { engine, migrations, tables } = snapshot
  const hmac = vault.authenticate(PURPOSE)
  const sealed = (lines: readonly unknown[]) => {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
    hmac.update(text)
    return text
  }
  const header: BackupHeader = {
    ...{ format: BACKUP_FORMAT, version: BACKUP_VERSION, createdAt: new Date(at).toISOString() },
    ...{ program, engine, migrations, keyId: vault.keyId },
  }
  yield sealed([header])
  const counts: Record<string, number> = {}
  for (const table of tables) {
    const { name, columns } = table
    yield sealed([{ table: name, columns }])
    counts[name] = 0
    for await (const rows of snapshot.pages(table)) {
      counts[name] += rows.length
      yield sealed(rows.map((row) => row.map(cellToJson)))
    }
  }
  yield sealed([{ counts }])
  yield `${JSON.stringify({ hmac: hmac.digest() })}\n`
}

// A reader that stays away, or was never there, does not hold the moment for ever.
function attended(bytes: Readable, closed: Promise<void>): AsyncIterableIterator<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = bytes[Symbol.asyncIterator]()
  const wait = () => setTimeout(() => bytes.destroy(stalled()), PATIENCE).unref()
  let timer = wait()
  return {
    async next() {
      clearTimeout(timer)
      const result = await chunks.next().catch(async (error: unknown) => {
        await closed
        throw error
      })
      if (result.done === true) await closed
      else timer = wait()
      return result
    },
    async return() {
      clearTimeout(timer)
      bytes.destroy()
      await closed
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

function stalled(): ClavigerError {
  return new ClavigerError('unavailable', 'Nobody read the backup any more.', { hint: 'Make it again.' })
}
