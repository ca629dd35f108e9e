// Which credential is named for a run, and that there is something to serve it at all.

import type { Caller } from '../../../domain/caller.ts'
import { ClavigerError } from '../../../domain/errors.ts'
import { HARNESSES, type HarnessName } from '../../../domain/harness-names.ts'
import { formatOwner } from '../../../domain/owner.ts'
import type { NamedCredential } from '../../../domain/runs/serving-credential.ts'
import type { StoreGroups } from '../../../store/store.ts'
import type { Authorize } from '../../guard.ts'
import { disabledAct } from '../../leases.ts'
import { nothingFits, storingLine } from '../../leasing/nothing-fits.ts'
import { subjectOf } from '../../resolution.ts'
import type { Workshop } from '../../workshop.ts'

interface Sought {
  /** For the audit log. */
  readonly action: string
  readonly harness: HarnessName
  readonly team?: string | undefined
  /** Id, name or OWNER/NAME. */
  readonly credential?: string | undefined
}

/** The credential that was named, if one was. Throws what `leases.create` throws, but not for those that do not work now. */
export async function mustHaveCandidates(
  { resolution }: Workshop,
  unit: StoreGroups,
  authorize: Authorize,
  caller: Caller,
  { action, harness, team, credential }: Sought,
): Promise<NamedCredential | null> {
  const subject = subjectOf(caller)
  const decide = (which: HarnessName, whenDisabled?: () => Promise<void>) =>
    resolution.decide(
      unit,
      caller.organizationId,
      subject,
      { harness: which, ambient: 'none', team, credential: which === harness ? credential : undefined },
      whenDisabled,
    )
  const resolved = await decide(harness, () => authorize(disabledAct(action, harness)))
  const named = credential === undefined ? undefined : resolved.decisions[0]?.credential
  if (resolved.decisions.length > 0) {
    if (!named) return null
    return { id: named.id, name: named.name, owner: formatOwner(named.owner) }
  }
  for (const other of HARNESSES) {
    if (other !== harness && (await decide(other)).decisions.length > 0)
      throw nothingFits(caller, harness, resolved)
  }
  throw resolved.raw.length > 0 ? nothingFits(caller, harness, resolved) : nothingConfigured(caller, harness)
}

function nothingConfigured(caller: Caller, harness: HarnessName): ClavigerError {
  return new ClavigerError(
    'no_credential',
    'No coding agent is configured. Add a credential in Settings → Coding agents.',
    {
      hint: `On the command line: ${storingLine(caller, harness)}. A login that only a machine has begins no run; to take it over: claviger credential import --from ${harness}`,
    },
  )
}
