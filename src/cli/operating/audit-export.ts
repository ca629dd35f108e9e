// `claviger audit export`: the whole log as a file that can be verified without a server.

import { randomBytes } from 'node:crypto'
import { access, link, open, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Client } from '../../client/client.ts'
import { exportEnd, exportEntry, exportHeader } from '../../domain/audit/export-file.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { printable } from '../../domain/names.ts'
import { errorCode } from '../../lib/atomic-file.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { mustHaveLog } from './audit.ts'
import type { Anchor } from './audit-file.ts'

const PAGE = 1000

export interface ExportOptions {
  readonly output?: string
}

/** Takes text; false when nobody wants more of it. */
type Sink = (text: string) => Promise<boolean>

export async function run(context: Context, { output }: ExportOptions): Promise<number> {
  mustHaveLog(context)
  const { client } = await connect(context)
  if (output === undefined) {
    await exportTo(client, context.ui.stream)
    return 0
  }
  const { entries, anchor } = await toNewFile(output, (write) => exportTo(client, write, context))
  const { position, hash, publicKey } = anchor
  context.ui.answer({ file: output, entries, position, hash, publicKey }, () => [
    `Wrote ${entries.toLocaleString('en-US')} entries to ${output}, up to ${position}:${hash}`,
    `Signed by ${publicKey}`,
  ])
  return 0
}

async function exportTo(
  client: Client,
  write: Sink,
  context?: Context,
): Promise<{ entries: number; anchor: Anchor }> {
  const anchor = await client.call('audit.anchor', {})
  const { organization } = await client.call('whoami', {})
  let goOn = await write(exportHeader(organization.id, organization.name, anchor.at))
  let entries = 0
  let after: string | null = '0'
  while (goOn && after !== null) {
    const page: Awaited<ReturnType<typeof client.call<'audit.list'>>> = await client.call('audit.list', {
      limit: PAGE,
      after,
    })
    const wanted = page.entries.filter(({ position }) => position <= anchor.position)
    goOn = await write(wanted.map((entry) => exportEntry(organization.id, entry)).join(''))
    entries += wanted.length
    after = wanted.length < page.entries.length ? null : page.next
    context?.ui.progress(`${entries.toLocaleString('en-US')} of ${anchor.position.toLocaleString('en-US')}`)
  }
  if (goOn) await write(exportEnd(anchor))
  context?.ui.progress('')
  return { entries, anchor }
}

// Under its name there is the whole export or nothing, and what is there is never written over.
async function toNewFile<T>(path: string, work: (write: Sink) => Promise<T>): Promise<T> {
  if (
    await access(path).then(
      () => true,
      () => false,
    )
  )
    throw exists(path)
  const unfinished = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
  const file = await open(unfinished, 'wx', 0o600).catch((cause: unknown) => {
    throw cannotWrite(path, cause)
  })
  try {
    const result = await work(async (text) => {
      await file.writeFile(text).catch((cause: unknown) => {
        throw cannotWrite(path, cause)
      })
      return true
    })
    await file.sync()
    await link(unfinished, path).catch((error: unknown) => {
      throw errorCode(error) === 'EEXIST' ? exists(path) : error
    })
    return result
  } finally {
    await file.close()
    await unlink(unfinished)
  }
}

function cannotWrite(path: string, cause: unknown): ClavigerError {
  return new ClavigerError('unavailable', `${printable(path)} cannot be written: ${errorCode(cause)}.`, {
    hint: 'Check its folder, who owns it, and the room on the disk.',
    cause,
  })
}

function exists(path: string): ClavigerError {
  return new ClavigerError('conflict', `${printable(path)} is there already.`, {
    hint: 'Name another file: an export is never written over.',
  })
}
