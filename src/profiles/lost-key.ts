// What becomes of profiles whose key is gone. Their current values are in clear in their file and go on; what is sealed beside
// them, older versions and answers that were not stored yet, does not open any more. It is set aside, for whoever finds the
// key again.

import { copyFileSync, existsSync } from 'node:fs'
import { ClavigerError } from '../domain/errors.ts'
import { leavingFact } from '../domain/moving/leaving.ts'
import { changePlace } from './import/changing.ts'
import { isLeaving, type Ledger } from './ledger.ts'
import { ledgerIn } from './pair.ts'
import { type AgentPlace, agentsIn, placeOf, readOwnFile } from './place.ts'
import { isInUse } from './processes/slots.ts'

/** Lets go of what the key `keyFile` has sealed, for all agents; what was done, in words. Nothing where nothing was. */
export async function goOnWithoutKey(stateDirectory: string, keyFile: string): Promise<string[]> {
  const news: string[] = []
  for (const agent of agentsIn(stateDirectory)) {
    const place = placeOf(stateDirectory, agent)
    if (!existsSync(place.ledger)) continue
    if (isInUse(place.renewals))
      throw new ClavigerError('unavailable', `${keyFile} is gone, and a program still uses it.`, {
        hint: 'End it first, or put the key back.',
      })
    news.push(...(await forgetSealed(place, keyFile)))
  }
  return news
}

/** Throws `unavailable` where something beside these profiles is sealed with a key of another id. */
export function mustBeUnder(
  keyFile: string,
  { keyIds, keyIdOf }: { readonly keyIds: readonly string[]; keyIdOf(wrapped: Uint8Array): string },
  places: readonly AgentPlace[],
): void {
  for (const place of places) {
    const { entries } = ledgerIn(place, readOwnFile(place.ledger))
    if (entries.every(({ row }) => keyIds.includes(keyIdOf(row.wrappedKey)))) continue
    throw new ClavigerError(
      'unavailable',
      `${keyFile} is another key than the one that the profiles of ${place.agent} had.`,
      {
        hint: 'Put that one back. Or move this one away: then the current values go on, and older versions are lost.',
      },
    )
  }
}

function forgetSealed(place: AgentPlace, keyFile: string): Promise<string[]> {
  const aside = `${place.ledger}.sealed`
  return changePlace(place, ({ document, ledger }) => {
    const { entries, facts } = ledger
    if (entries.length === 0) return { result: [], next: null }
    copyFileSync(place.ledger, aside)
    const gone = entries.filter(
      (one) => isLeaving(one, facts) && !Object.hasOwn(document.profiles, one.profile),
    )
    const lost = gone.map(({ profile }) => ` ${profile} was on its way to a server: look there for it.`)
    const said = `${keyFile} is gone, and a new one is made. The profiles of ${place.agent} go on with the values in their file. Older versions, how each stood, and what was not stored yet do not open any more; they lie in ${aside}.${lost.join('')}`
    return { result: [said], next: { document, ledger: { ...ledger, entries: [], facts: without(ledger) } } }
  })
}

function without({ entries, facts }: Ledger): Ledger['facts'] {
  const names = new Set(entries.map(({ row }) => leavingFact(row.id)))
  return Object.fromEntries(Object.entries(facts).filter(([name]) => !names.has(name)))
}
