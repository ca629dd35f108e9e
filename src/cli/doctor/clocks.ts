// Whether this machine has the time of the providers: when a login ends is judged by it.

import { HARNESS_TITLE, type HarnessName } from '../../domain/harness-names.ts'
import type { MachineLook } from '../dependencies.ts'
import { type Finding, ok } from './finding.ts'

// Providers say it to the second, and an answer takes a while.
const TOLERATED_MS = 30_000

/** Asks the provider of each of these programs. */
export async function checkClocks(
  look: Pick<MachineLook, 'clock'>,
  harnesses: readonly HarnessName[],
): Promise<Finding[]> {
  const findings = await Promise.all(
    harnesses.map(async (harness): Promise<Finding> => {
      const { host, offset } = await look.clock(harness)
      return judgeClock(HARNESS_TITLE[harness], host, offset)
    }),
  )
  // Several may have one host.
  return findings.filter(({ said }, i) => findings.findIndex((one) => one.said === said) === i)
}

/** `offset`: by how many milliseconds that clock is ahead of ours; null: it is not known. */
export function judgeClock(title: string, host: string, offset: number | null): Finding {
  const what = 'clock'
  if (offset === null)
    return {
      level: 'warn',
      what,
      said: `${host}, the provider of ${title}, did not answer, so its time is not known.`,
      hint: `See whether this machine reaches it: curl -I https://${host}`,
    }
  if (Math.abs(offset) <= TOLERATED_MS) return ok(what, `as that of ${host}`)
  const seconds = Math.round(Math.abs(offset) / 1_000)
  const said = `this machine is ${seconds} seconds ${offset > 0 ? 'behind' : 'ahead of'} ${host}.`
  const effect = offset > 0 ? 'Tokens that have ended are still used.' : 'Tokens are renewed too early.'
  return { level: 'warn', what, said: `${said} ${effect}`, hint: 'Set it: timedatectl set-ntp true' }
}
