// The place of a profile in the order that was set for its agent. The order names what is here: who is pushed drops out of it,
// and is given its place back by a pull.

import type { CredentialView } from '../../api/schemas.ts'
import type { Client } from '../../client/client.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { HARNESSES, type HarnessName } from '../../domain/harness-names.ts'
import { formatOwner } from '../../domain/owner.ts'
import type { Context } from '../context.ts'
import { self } from '../owner-flags.ts'

/** Profile → the whole order that it has a place in. */
export async function ordersOf(client: Client): Promise<ReadonlyMap<string, readonly string[]>> {
  const orders = await Promise.all(HARNESSES.map((harness) => orderOf(client, harness)))
  const names = orders.map(({ credentials }) => credentials.map(({ name }) => name))
  return new Map(names.flatMap((order) => order.map((name) => [name, order] as const)))
}

/** A place in the order `before`, of what was called `was` then. */
export interface Place {
  readonly was: string
  readonly before: readonly string[]
}

/** Gives a profile that is here its place again. Where that cannot be, it is said: the profile is worth more than its place. */
export async function giveBack(
  { ui }: Pick<Context, 'ui'>,
  client: Client,
  profile: Pick<CredentialView, 'id' | 'type'>,
  place: Place | null,
): Promise<void> {
  if (place === null) return
  try {
    await putBack(client, profile, place)
  } catch (thrown) {
    if (!(thrown instanceof ClavigerError)) throw thrown
    ui.note(`warning: ${place.was} has no place in the order any more: ${thrown.message}`)
  }
}

// Before whatever came after it.
async function putBack(
  client: Client,
  { id, type }: Pick<CredentialView, 'id' | 'type'>,
  { was, before }: Place,
): Promise<void> {
  const harness = HARNESSES.find((one) => type.startsWith(`${one}/`))
  if (harness === undefined) return
  const { owner, credentials } = await orderOf(client, harness)
  const ids = credentials.map((one) => one.id)
  if (ids.includes(id)) return
  const later = before.slice(before.indexOf(was) + 1)
  const next = credentials.findIndex(({ name }) => later.includes(name))
  const order = ids.toSpliced(next === -1 ? ids.length : next, 0, id)
  await client.call('credentials.setOrder', { owner, harness, credentials: order })
}

async function orderOf(client: Client, harness: HarnessName) {
  const owner = formatOwner(self(await client.call('whoami', {})))
  const { credentials } = await client.call('credentials.getOrder', { owner, harness })
  return { owner, credentials }
}
