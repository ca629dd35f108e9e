// Which coding agent. One that an admin has switched off is shown, and says so.

import { harnessTitle } from '../../../words/harness.ts'
import { RUN_HARNESSES } from '../filters.ts'
import type { Harness } from './draft.ts'
import type { Explained } from './picker.tsx'

export interface HarnessChoiceProps {
  readonly chosen: Harness
  /** What would serve each; undefined while it is not known. */
  readonly explained: Readonly<Record<Harness, Explained | undefined>>
  readonly onChoose: (harness: Harness) => void
}

export function HarnessChoice({ chosen, explained, onChoose }: HarnessChoiceProps) {
  const off = RUN_HARNESSES.map((harness) => explained[harness]).filter((one) => one?.enabled === false)
  return (
    <fieldset className="grid gap-1">
      <legend className="mb-1 text-sm font-medium">Harness</legend>
      <div className="flex flex-wrap gap-2">
        {RUN_HARNESSES.map((harness) => {
          const isOff = explained[harness]?.enabled === false
          return (
            <label
              key={harness}
              className="flex min-h-10 flex-1 cursor-pointer items-center gap-2.5 rounded-lg border border-edge px-3 has-checked:border-accent has-checked:bg-accent-tint has-disabled:cursor-not-allowed has-disabled:bg-sunken"
            >
              <input
                type="radio"
                name="harness"
                value={harness}
                checked={chosen === harness}
                disabled={isOff}
                onChange={() => onChoose(harness)}
                className="size-4 accent-accent"
              />
              {harnessTitle(harness)}
              {isOff && <span className="text-xs text-soft">disabled</span>}
            </label>
          )
        })}
      </div>
      <div role="status" className="grid gap-1">
        {off.map((one) => (
          <p
            key={one?.harness}
            className={`text-sm ${one?.harness === chosen ? 'font-medium text-warn' : 'text-soft'}`}
          >
            {one?.sentence}
          </p>
        ))}
      </div>
    </fieldset>
  )
}
