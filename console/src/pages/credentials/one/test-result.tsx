// What a provider says of a credential that does not simply work.

import type { Output } from '../../../../../src/api/schemas.ts'
import type { Shown } from '../../../api/problem.ts'
import { Button } from '../../../ui/button.tsx'
import { Actions, Dialog } from '../../../ui/dialog.tsx'
import { Callout } from '../../../ui/notice.tsx'
import { Hint } from '../../../words/hint.tsx'

type Found = Output<'credentials.test'>

const TITLES: Readonly<Record<Found['result'], string>> = {
  works: 'It works',
  limited: 'It works, and is limited now',
  no_credit: 'The key is good, there is no credit',
  refused: 'It was refused',
  forbidden: 'It is good, and is not allowed this',
  unknown: 'Nobody knows',
}

export interface TestResultProps {
  readonly found: Found | null
  readonly error: Shown | null
  readonly onClose: () => void
}

export function TestResult({ found, error, onClose }: TestResultProps) {
  const isShown = error !== null || (found !== null && found.result !== 'works')
  const title = error === null && found !== null ? titleOf(found) : 'It could not be tested'
  const isFine = error === null && (found?.result === 'limited' || found?.askAgainAt !== undefined)
  return (
    <Dialog open={isShown} onClose={onClose} title={title}>
      <Callout tone={isFine ? 'warn' : 'bad'}>
        <p className="wrap-anywhere">{error?.message ?? found?.message}</p>
        {error?.hint !== undefined && <Hint text={error.hint} />}
      </Callout>
      <Actions>
        <Button onClick={onClose}>Close it</Button>
      </Actions>
    </Dialog>
  )
}

function titleOf({ result, askAgainAt }: Found): string {
  return askAgainAt === undefined ? TITLES[result] : 'It was not asked again so soon'
}
