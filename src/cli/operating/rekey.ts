// `claviger rekey`: brings everything under another master key, watches until it is done, and says what proves it.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Output } from '../../api/schemas.ts'
import type { Client } from '../../client/client.ts'
import { counted } from '../../domain/counted.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import type { Ui } from '../ui.ts'

const LOOK_EVERY_MS = 500
const SAY_EVERY_MS = 5_000

export interface RekeyOptions {
  /** Only say how things are. */
  readonly status?: boolean
  /** Do not ask. */
  readonly force?: boolean
}

type Status = Output<'rekey.status'>

export async function run(context: Context, { status, force }: RekeyOptions): Promise<number> {
  const { ui } = context
  const { client } = await connect(context)
  const before = await client.call('rekey.status', {})
  if (status === true) {
    ui.answer(before, () => inWords(before))
    return EXIT.ok
  }
  if (before.ours && before.state === 'settled') await mustBeMeant(ui, before, force === true)
  await client.call('rekey.start', {})
  const after = await watch(client, ui)
  ui.answer(after, () => outcome(after))
  return after.lost === 0 ? EXIT.ok : EXIT.failed
}

async function mustBeMeant(ui: Ui, { source }: Status, force: boolean): Promise<void> {
  ui.note(`The key in ${source} will be replaced. Backups made until now open with the old key only.`)
  if (force) return
  if (!ui.interactive) {
    throw new ClavigerError(
      'invalid',
      'Refusing to replace the master key without confirmation; use --force',
      {
        hint: `Keep a copy of ${source} with the backups that need it, then type: claviger rekey --force`,
      },
    )
  }
  if (await ui.confirm(`Replace the master key? Copy ${source} first if those backups have to open.`)) return
  throw new ClavigerError('conflict', 'Cancelled.', { hint: 'Nothing was changed.' })
}

// Until it is settled; what stands in the way is said once, and may go away by itself.
async function watch(client: Client, ui: Ui): Promise<Status> {
  let said = { problem: '', at: performance.now() }
  for (;;) {
    const status = await client.call('rekey.status', {})
    const { state, problem, rewrapped, left } = status
    if (state === 'settled') return status
    if (state === 'wanted') throw stopped(status)
    if (problem !== null && problem !== said.problem) {
      ui.note(`It has to wait: ${problem}`)
      ui.note('It goes on by itself when that is over. Interrupting this command does not stop it.')
      said = { problem, at: performance.now() }
    } else if (performance.now() - said.at > SAY_EVERY_MS) {
      ui.note(`${rewrapped} brought under the new key, ${left} left.`)
      said = { ...said, at: performance.now() }
    }
    await sleep(LOOK_EVERY_MS)
  }
}

function stopped({ left }: Status): ClavigerError {
  return new ClavigerError('unavailable', `Re-keying has stopped with ${left} left.`, {
    hint: 'See the log of the server, then type again: claviger rekey',
  })
}

function outcome(status: Status): string[] {
  const { current, rewrapped, left, ours, source, servers } = status
  const everywhere = servers.length === 0 ? '' : ' on every server'
  return [
    `Nothing is left under the old key: ${sealed(status)} under ${current}, ${left} under any other of this server.`,
    ...(rewrapped === 0 ? [] : [`${rewrapped} of them were brought there now.`]),
    ours
      ? `The old key is no longer in ${source}. Back that file up again.`
      : `The old key can be taken out of ${source}${everywhere}.`,
    'Backups made before need the old key still: make a new one.',
    ...lostInWords(status),
  ]
}

function inWords(status: Status): string[] {
  const { state, source, keys, recorded, problem, servers } = status
  return [
    STATES[state],
    ...(problem === null ? [] : [`It waits: ${problem}`]),
    `Master keys of this server, from ${source}:`,
    ...keys.map(({ id, dataKeys }, i) => `  ${id}  ${i === 0 ? 'seals' : 'opens too'}, ${dataKeys} under it`),
    ...(keys.some(({ id }) => id === recorded) ? [] : [`The installation remembers another: ${recorded}.`]),
    ...servers.map((server) => `Also running: ${server.name}, with ${server.keys.join(', ')}.`),
    ...lostInWords(status),
  ]
}

const STATES: Readonly<Record<Status['state'], string>> = {
  settled: 'Everything is under the current master key.',
  wanted: 'There is a new master key, and not everything is under it. Type: claviger rekey',
  running: 'Re-keying is under way.',
  waiting: 'Re-keying is under way and has to wait.',
}

function sealed({ keys }: Status): string {
  return credentialsAre(keys[0]?.dataKeys ?? 0)
}

function credentialsAre(count: number): string {
  return `${counted(count, 'credential')} ${count === 1 ? 'is' : 'are'}`
}

function lostInWords({ lost }: Status): string[] {
  if (lost === 0) return []
  return [
    `${credentialsAre(lost)} under a master key that this server does not have. Nothing was deleted: give the server that key as well, behind its own, to bring them over.`,
  ]
}
