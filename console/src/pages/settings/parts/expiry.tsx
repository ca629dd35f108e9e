// How long something is good: it must be chosen, and never is said out loud.

import { Select } from '../../../ui/field.tsx'
import { Callout } from '../../../ui/notice.tsx'

const DAY = 86_400

const NEVER = 'never'

const CHOICES = [
  { value: '', label: 'Choose…', disabled: true },
  { value: String(DAY), label: 'A day' },
  { value: String(7 * DAY), label: 'A week' },
  { value: String(30 * DAY), label: '30 days' },
  { value: String(90 * DAY), label: '90 days' },
  { value: String(365 * DAY), label: 'A year' },
  { value: NEVER, label: 'Never' },
]

/** Seconds of what was chosen; null for never. */
export function secondsOf(chosen: string): number | null {
  return chosen === NEVER ? null : Number(chosen)
}

export interface ExpiryProps {
  /** Empty: nothing is chosen yet. */
  readonly chosen: string
  readonly onChoose: (chosen: string) => void
}

export function Expiry({ chosen, onChoose }: ExpiryProps) {
  return (
    <>
      <Select label="It expires after" required value={chosen} onChoose={onChoose} options={CHOICES} />
      {chosen === NEVER && (
        <Callout tone="warn">
          <p>It will be good until somebody revokes it. Whoever finds it can use it for as long.</p>
        </Callout>
      )}
    </>
  )
}
