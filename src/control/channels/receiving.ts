// What is delivered to channels. A delivery is written down when it is signed, fresh and not known yet, and that is all: what
// it asks for is done by whichever server comes to it (carrying.ts). What is not signed leaves no trace but a line of the log.

import { setImmediate } from 'node:timers/promises'
import type { Channel, Delivered } from '../../channels/channel.ts'
import type { ChannelKind, Parsed } from '../../domain/channels/call.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { Secret } from '../../domain/secret.ts'
import type { ChannelRow } from '../../store/channels/channel-groups.ts'
import { type MeansPorts, meansFor, ownAct } from './means.ts'

/** What became of a delivery: it is taken, it was taken before, or it asks for nothing. */
export type Receipt = 'taken' | 'known' | 'nothing'

export interface Receiving {
  /** The longest body there may be, in bytes; null: there is nobody to deliver to. */
  maxBytes(kind: ChannelKind): number | null
  /** What a delivery with these headers is signed with, by its form; null: it is not signed, and need not be read. */
  signatureIn(kind: ChannelKind, headers: Delivered['headers']): string | null
  /** Throws the same `unauthenticated` for whatever is not signed with a secret of a channel, and fresh. */
  receive(kind: ChannelKind, delivered: Delivered): Promise<Receipt>
}

// Milliseconds. So long the secrets that deliveries are signed with stay opened: each opening is an entry of the audit log,
// and a delivery must not be one before it is known to be signed.
const KEPT_OPEN = 3_600_000

// Bytes. Comparing more takes milliseconds, and others are to be served between two of them.
const LONG = 256 * 1024

interface Opened {
  readonly kind: ChannelKind
  readonly revision: number
  readonly until: number
  readonly secrets: Readonly<Record<string, Secret>>
}

export function createReceiving(ports: MeansPorts): Receiving {
  const { store, now, channels } = ports
  const opened = new Map<string, Opened>() // id of a channel → what its deliveries are signed with

  async function secretsOf(platform: Channel, row: ChannelRow): Promise<Opened['secrets']> {
    const known = opened.get(row.id)
    if (known !== undefined && known.revision === row.revision && known.until > now()) return known.secrets
    const { secrets } = await meansFor(ports, row, ownAct(row, 'channel.listen'), platform.verifiedBy)
    const { kind, revision } = row
    opened.set(row.id, { kind, revision, until: now() + KEPT_OPEN, secrets })
    return secrets
  }

  // Those that were removed.
  function forgetOthers(kind: ChannelKind, rows: readonly ChannelRow[]): void {
    for (const [id, known] of opened)
      if (known.kind === kind && !rows.some((row) => row.id === id)) opened.delete(id)
  }

  async function take(platform: Channel, row: ChannelRow, delivered: Delivered): Promise<Receipt | null> {
    const id = idIfSigned(platform, delivered, await secretsOf(platform, row), now())
    if (id === null) return null
    const parsed = heard(row, platform.parse(delivered, row))
    const { id: channelId, organizationId } = row
    const at = now()
    const isNew =
      parsed.is !== 'nothing' &&
      (await store.calls.insert({
        ...{ channelId, deliveryId: id, organizationId, parsed, receivedAt: at, attempts: 0, nextAt: at },
        ...{ outcome: '', reason: '', isStranger: false, runId: null },
      }))
    await store.channels.note(channelId, parsed.is === 'nothing' ? parsed.reason : 'taken', at)
    if (parsed.is === 'nothing') return 'nothing'
    return isNew ? 'taken' : 'known'
  }

  return {
    maxBytes: (kind) => channels[kind]?.maxBytes ?? null,
    signatureIn: (kind, headers) => channels[kind]?.signatureIn(headers) ?? null,
    async receive(kind, delivered) {
      const platform = channels[kind]
      if (platform === undefined) throw notSigned()
      const rows = await store.channels.ofKind(kind)
      forgetOthers(kind, rows)
      const receipts: Receipt[] = []
      const failures: unknown[] = []
      // All that it may be for are tried: several may have the same secret, and how long it takes tells nobody whose it is.
      for (const row of rows) {
        if (platform.mayBeFor?.(delivered.headers, row.settings) === false) continue
        if (delivered.body.length > LONG) await setImmediate()
        const receipt = await take(platform, row, delivered).catch((thrown: unknown) => {
          // What is wrong with one of them is no matter of the others.
          failures.push(thrown)
          return null
        })
        if (receipt !== null) receipts.push(receipt)
      }
      const best = (['taken', 'known', 'nothing'] as const).find((one) => receipts.includes(one))
      if (best !== undefined) return best
      throw failures[0] ?? notSigned()
    },
  }
}

function idIfSigned(
  platform: Channel,
  delivered: Delivered,
  secrets: Opened['secrets'],
  now: number,
): string | null {
  try {
    return platform.verify(delivered, { secrets, now }).id
  } catch (thrown) {
    if (thrown instanceof ClavigerError && thrown.code === 'unauthenticated') return null
    throw thrown
  }
}

// What programs say, ourselves first, asks for nothing: nobody would end such a conversation.
function heard({ accountId }: ChannelRow, parsed: Parsed): Parsed {
  if (parsed.is === 'nothing') return parsed
  const author = parsed.is === 'call' ? parsed.call.author : parsed.author
  if (author.accountId === accountId) return { is: 'nothing', reason: 'it is of ourselves' }
  return author.isBot ? { is: 'nothing', reason: 'it is of a program' } : parsed
}

export function notSigned(): ClavigerError {
  return new ClavigerError('unauthenticated', 'This delivery is not signed by a channel of this server.')
}
