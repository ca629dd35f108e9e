// Leads to where a credential for this harness is made; whoever comes back finds it in the list.

import { BASE } from '../../../api/client.ts'
import { harnessTitle } from '../../../words/harness.ts'
import type { Harness } from './draft.ts'

export function CreateCredential({ harness }: { harness: Harness }) {
  return (
    <a
      href={`${BASE}/credentials/new?harness=${harness}`}
      target="_blank"
      rel="noreferrer"
      className="inline-flex min-h-10 items-center font-medium underline underline-offset-2"
    >
      Create a {harnessTitle(harness)} credential
    </a>
  )
}
