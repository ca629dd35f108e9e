// Which installation answers at an address, remembered by its fingerprint as ssh remembers hosts: so that nobody gives a key
// meant for staging to production, or the other way round. It notices mistakes; TLS and ssh keep out who lies.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Output } from '../../api/schemas.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { errorCode, readIfThere, writeFileAtomically } from '../../lib/atomic-file.ts'
import { LockIsTaken, waitForLock } from '../../lib/files/file-lock.ts'
import { clientFor } from '../connection.ts'
import type { Context } from '../context.ts'
import { plain } from '../text.ts'
import { cancelled } from '../ui.ts'
import { patiently } from './patience.ts'

export type Installation = Pick<
  Output<'server.describe'>,
  'organization' | 'fingerprint' | 'version' | 'time'
>

type Known = Pick<Installation, 'organization' | 'fingerprint'>

export interface Look {
  /** Null: the server is older than fingerprints. */
  readonly now: Installation | null
  /** What answered there before; null: this terminal has not been there. */
  readonly before: Known | null
  /** Other addresses that it is known at. */
  readonly elsewhere: readonly string[]
  /** It is not the one that was there before. */
  readonly isOther: boolean
  /** Why nobody knows what was there before; null: it is known. */
  readonly damage: string | null
}

/** Asks a server which installation it is, without a key. Throws as a client does. */
export async function lookAt(stateDirectory: string, server: string): Promise<Look> {
  const [now, { known, damage }] = await Promise.all([describe(server), readKnown(stateDirectory)])
  const here = keyOf(server)
  const before = known[here] ?? null
  const isOther = before !== null && before.fingerprint !== now?.fingerprint
  const elsewhere = Object.keys(known).filter(
    (address) => address !== here && known[address]?.fingerprint === now?.fingerprint,
  )
  return { now, before, elsewhere, isOther, damage }
}

/**
 * Says which installation a key would go to. Where another was before a person is asked; without one it throws `conflict`,
 * unless `accept` was given. `remember` it when it has taken the key.
 */
export async function recognise(
  context: Context,
  server: string,
  accept: boolean,
): Promise<Installation | null> {
  const { ui } = context
  const { stateDirectory } = context.settings()
  const look = await patiently(ui.note, () => lookAt(stateDirectory, server))
  const { now, before, elsewhere, isOther, damage } = look
  if (damage !== null) ui.note(`warning: ${damage}`)
  if (now === null && !isOther) return null
  ui.note(`Server: ${server}, ${now === null ? UNNAMED : titleOf(now)}`)
  if (elsewhere.length > 0 && (before === null || isOther))
    ui.note(`This terminal knows it as ${elsewhere.join(' and ')}.`)
  if (isOther) {
    ui.note(`warning: this is not the server that was at ${server} before: ${titleOf(before ?? NOBODY)}`)
    await mustBeWanted(context, server, accept)
  }
  return now
}

/** What to say of one that is not the one that was there before, or of which that is not known any more; else null. */
export function sayOther(server: string, { isOther, before, damage }: Look): string | null {
  if (damage !== null) return damage
  if (!isOther || before === null) return null
  return `this is not the server that was at ${server} before: ${titleOf(before)}`
}

/** For people: whose it is, and its fingerprint. */
export function titleOf({ organization, fingerprint }: Known): string {
  return `${plain(organization)}, fingerprint ${fingerprint}`
}

const UNNAMED = 'which does not say what it is'
const NOBODY: Known = { organization: 'nobody', fingerprint: 'none' }

async function mustBeWanted({ ui }: Context, server: string, accept: boolean): Promise<void> {
  if (accept) return
  if (!ui.interactive) {
    throw new ClavigerError(
      'conflict',
      `Another server answers at ${server} than before; nothing was sent.`,
      {
        hint: 'If it was put in its place, or restored from a backup, add --accept-server. Else check the address, and where a tunnel leads.',
      },
    )
  }
  if (!(await ui.confirm('Go on with this server?'))) throw cancelled('Nothing was sent.')
}

async function describe(server: string): Promise<Installation | null> {
  try {
    const { product, ...said } = await clientFor(server, null).call('server.describe', {})
    if (product !== 'claviger') return null
    const words = Object.entries(said).map(([name, value]) => [name, String(value)])
    return Object.fromEntries(words) as Installation
  } catch (thrown) {
    if (thrown instanceof ClavigerError && thrown.code === 'not_found') return null
    throw thrown
  }
}

function fileOf(stateDirectory: string): string {
  return join(stateDirectory, 'known-servers.json')
}

interface Kept {
  readonly known: Readonly<Record<string, Known>>
  readonly damage: string | null
}

// There are fingerprints of servers in it, and no key: who cannot read it has been nowhere, and says so.
async function readKnown(stateDirectory: string): Promise<Kept> {
  const text = await readIfThere(fileOf(stateDirectory))
  if (text === null) return { known: {}, damage: null }
  try {
    const found = JSON.parse(text) as Record<string, Known>
    const whole = Object.entries(found).filter(([, one]) => typeof one.fingerprint === 'string')
    return { known: Object.fromEntries(whole), damage: null }
  } catch {
    return { known: {}, damage: `${fileOf(stateDirectory)} is damaged: which servers were known is not.` }
  }
}

// An address in another spelling is the same one.
function keyOf(server: string): string {
  if (!URL.canParse(server)) return server
  const { origin, pathname } = new URL(server)
  return origin + pathname.replace(/\/+$/, '')
}

// Milliseconds: writing a small file takes a few.
const PATIENCE = 10_000

/** This is the one from now on, at this address. What other processes remember meanwhile stays. */
export async function remember(context: Context, server: string, now: Known | null): Promise<void> {
  if (now === null) return
  const { stateDirectory } = context.settings()
  const file = fileOf(stateDirectory)
  const { organization, fingerprint } = now
  const here = keyOf(server)
  const { [here]: before } = (await readKnown(stateDirectory)).known
  if (before?.fingerprint === fingerprint && before.organization === organization) return
  // Where nothing can be kept, to be told of it is enough.
  try {
    await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
    const unlock = await waitForLock(`${file}.lock`, PATIENCE)
    try {
      const { known } = await readKnown(stateDirectory)
      const text = JSON.stringify({ ...known, [here]: { organization, fingerprint } }, null, 2)
      await writeFileAtomically(file, `${text}\n`)
    } finally {
      unlock()
    }
  } catch (thrown) {
    const why = thrown instanceof LockIsTaken ? 'in use' : errorCode(thrown) || 'unsafe'
    context.ui.note(`warning: ${file} was not written (${why}).`)
  }
}
