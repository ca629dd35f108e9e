// A change of the file of profiles and the ledger of one agent from outside of a store, in one step.

import type { ProfileDocument } from '../format.ts'
import { type Ledger, printLedger } from '../ledger.ts'
import { ledgerIn, readPairs, textsOf, wholeIn, writePairs } from '../pair.ts'
import { type AgentPlace, MAIN_AGENT, placeOf, preparePlace } from '../place.ts'
import { takeTurn } from '../processes/turn.ts'

export interface Both {
  readonly document: ProfileDocument
  readonly ledger: Ledger
}

/** Does this to what is there when it is our turn; `next`: what is to be, or null where nothing changes. */
export async function changePlace<T>(
  place: AgentPlace,
  work: (there: Both) => { readonly result: T; readonly next: Both | null },
): Promise<T> {
  // What was begun and not ended may lie with the main agent; whoever has both has them in this order.
  const main = placeOf(place.stateDirectory, MAIN_AGENT)
  const places = place.agent === MAIN_AGENT ? [place] : [place, main]
  const turns: (() => void)[] = []
  try {
    for (const one of places.toReversed()) {
      await preparePlace(one)
      turns.push(await takeTurn(one))
    }
    const [before = { profiles: null, ledger: null }] = await readPairs(places)
    const { result, next } = work({
      document: wholeIn(place, before),
      ledger: ledgerIn(place, before.ledger),
    })
    if (next !== null) {
      const now = { ...textsOf(place, next.document, before), ledger: printLedger(next.ledger) }
      await writePairs([{ place, before, now }])
    }
    return result
  } finally {
    for (const end of turns) end()
  }
}
