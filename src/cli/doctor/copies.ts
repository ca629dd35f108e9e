// Logins of this machine's profiles that other programs have a copy of: whichever of the two renews first ends the other. And
// logins that only those programs have.

import { asClavigerError } from '../../domain/errors.ts'
import { shellCommand } from '../../lib/shell-quote.ts'
import { type Context, MAIN_AGENT } from '../context.ts'
import type { TakenProfile } from '../dependencies.ts'
import { FOREIGN_PROGRAMS, placeOfProgram } from '../models/import.ts'
import { type Finding, ok } from './finding.ts'

/** What is in the files of codex, claude, OpenClaw and coderClaw, beside the profiles of this agent. */
export async function checkCopies(local: Context, agent: string): Promise<Finding[]> {
  const profiles = await local.profiles()
  const findings: Finding[] = []
  for (const program of FOREIGN_PROGRAMS) {
    const from = placeOfProgram(local, program)
    try {
      const { outcomes } = await profiles.takeOver({ ...from, dry: true, acceptNotice: false })
      const own = outcomes.filter(({ kind }) => kind === 'oauth')
      findings.push(...own.flatMap((one) => inFinding(one, program, agent)))
    } catch (thrown) {
      const { code, message } = asClavigerError(thrown)
      if (code === 'not_found' || agent !== MAIN_AGENT) continue
      // One that is damaged is named; any other has nothing that could be in two places.
      const isDamaged = message.includes(from.path)
      findings.push(
        isDamaged
          ? { level: 'warn', what: program, said: `${message} What accounts it has is not known.` }
          : ok(program, `${from.path}: ${message}`),
      )
    }
  }
  return findings
}

function inFinding(one: TakenProfile, program: string, agent: string): Finding[] {
  const { from, theirs, profile, outcome, twins } = one
  if (outcome === 'same') {
    const said = `${from} has a copy of the login of ${profile} (${theirs} there): whichever is renewed first ends the other.`
    return [{ level: 'warn', what: program, said, hint: removal(from) }]
  }
  if (outcome === 'used-up') {
    const said = `${from} has an older copy of a login that was renewed here since (${theirs} there): who uses it ends the login.`
    return [{ level: 'warn', what: program, said, hint: removal(from) }]
  }
  // Others see it in the main agent.
  if (agent !== MAIN_AGENT) return []
  const also = twins.length === 0 ? '' : `, of the same account as ${twins.join(', ')}`
  return [
    {
      ...ok(program, `${from} has a login of its own (${theirs}${also})`),
      hint: `To keep it here instead: claviger models auth import --from ${program}`,
    },
  ]
}

function removal(from: string): string {
  if (from.endsWith('.credentials.json'))
    return `Take claudeAiOauth out of ${from}. A logout there would end both.`
  if (from.endsWith('auth-profiles.json')) return `Take it out of ${from}. A logout there would end both.`
  return `Remove it, without a logout there, which would end both: ${shellCommand(['rm', from])}`
}
