// Whether what is stored opens with a master key, asked of everything at once.

import type { Openability } from '../../domain/backup.ts'
import type { SealedThing } from '../../store/transfer.ts'
import type { Vault } from '../../vault/vault.ts'
import { sealedSecrets } from '../channels/sealed-channel.ts'
import { answerField } from '../grants/renewing/journal.ts'
import { opens, type Sealed } from '../guard.ts'
import { sealedFactor } from '../sessions/sealed-factor.ts'
import { sealedSecret } from '../telling/sealed-webhook.ts'

/** Tries all of it; versions of one credential must follow each other. */
export async function openability(all: AsyncIterable<SealedThing>, vault: Vault): Promise<Openability> {
  const closed = new Map<string, string>() // id → name
  const closedWebhooks: string[] = []
  const closedChannels: string[] = []
  let [credentials, webhooks, closedFactors, channels] = [0, 0, 0, 0]
  let last = ''
  for await (const { kind, sealed } of all) {
    if (kind === 'webhook') {
      webhooks += 1
      // By its host: the rest of an address may let somebody in.
      if (!opens(vault, sealedSecret(sealed))) closedWebhooks.push(`${sealed.id} (${hostOf(sealed.url)})`)
      continue
    }
    if (kind === 'second-factor') {
      if (!opens(vault, sealedFactor(sealed))) closedFactors += 1
      continue
    }
    if (kind === 'channel') {
      channels += 1
      if (!opens(vault, sealedSecrets(sealed))) closedChannels.push(sealed.name)
      continue
    }
    const { id, name } = sealed.row
    if (kind === 'version' && id !== last) credentials += 1
    last = id
    if (!opens(vault, kind === 'version' ? sealed : answerOf(sealed))) closed.set(id, name)
  }
  const others = { webhooks, closedWebhooks, closedFactors, channels, closedChannels }
  return { credentials, closed: [...closed.values()], ...others }
}

function answerOf({
  row,
  attempt,
  generation,
  answer,
}: Extract<SealedThing, { kind: 'answer' }>['sealed']): Sealed {
  return { row, version: generation, values: { [answerField(attempt)]: answer } }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'no address'
}
