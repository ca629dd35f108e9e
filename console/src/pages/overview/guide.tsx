// The way to a first run: choose a coding agent, add a credential, start.

import { type ReactNode, useState } from 'react'
import { Badge } from '../../ui/badge.tsx'
import { ButtonLink } from '../../ui/button.tsx'
import { Section } from '../../ui/page.tsx'
import { harnessTitle } from '../../words/harness.ts'
import { Hint } from '../../words/hint.tsx'
import type { Overview } from './seen.ts'

const ABOUT: Readonly<Record<string, string>> = {
  claude: 'With an Anthropic API key, Amazon Bedrock, or a Claude subscription.',
  codex: 'With an OpenAI API key, or by signing in with ChatGPT.',
}

export function Guide({ overview: { harnesses, guide } }: { overview: Overview }) {
  const enabled = harnesses.filter((one) => one.enabled)
  const [chosen, setChosen] = useState<string | null>(null)
  const working = enabled.find(({ works }) => works)
  const harness = chosen ?? working?.harness ?? enabled[0]?.harness
  return (
    <Section title="To a first run">
      <ol className="grid gap-5 lg:grid-cols-3">
        <Step number={1} title="Choose a coding agent" isDone={guide.credential}>
          <fieldset className="grid gap-2">
            <legend className="sr-only">Coding agent</legend>
            {enabled.map((one) => (
              <Choice
                key={one.harness}
                harness={one.harness}
                isChosen={one.harness === harness}
                onChoose={setChosen}
              />
            ))}
          </fieldset>
        </Step>
        <Step number={2} title="Add a credential" isDone={guide.credential}>
          <p className="text-sm text-soft">
            What it works with. The value is stored sealed, and never shown again, to anybody.
          </p>
          <div>
            <ButtonLink
              to="/credentials/new"
              search={{ from: 'overview', ...(harness !== undefined && { harness }) }}
              kind={guide.credential ? 'plain' : 'primary'}
              icon="key"
            >
              {harness === undefined ? 'Add a credential' : `Add one for ${harnessTitle(harness)}`}
            </ButtonLink>
          </div>
        </Step>
        <Step number={3} title="Start a run" isDone={guide.run}>
          <Hint
            text={
              enabled.find((one) => one.harness === harness)?.untaken ??
              'Give it something to do, and watch it.'
            }
            className="text-sm text-soft"
          />
          <div>
            <ButtonLink
              to="/runs"
              search={{ start: 'yes' }}
              kind={guide.credential ? 'primary' : 'plain'}
              icon="play"
            >
              Start a run
            </ButtonLink>
          </div>
        </Step>
      </ol>
    </Section>
  )
}

interface StepProps {
  readonly number: number
  readonly title: string
  readonly isDone: boolean
  readonly children: ReactNode
}

function Step({ number, title, isDone, children }: StepProps) {
  return (
    <li className="grid content-start gap-3">
      <h3 className="flex items-center gap-2 font-medium">
        <span aria-hidden="true" className="grid size-7 place-items-center rounded-full bg-sunken text-sm">
          {number}
        </span>
        {title}
        {isDone && (
          <Badge tone="good" icon="check">
            done
          </Badge>
        )}
      </h3>
      {children}
    </li>
  )
}

interface ChoiceProps {
  readonly harness: string
  readonly isChosen: boolean
  readonly onChoose: (harness: string) => void
}

function Choice({ harness, isChosen, onChoose }: ChoiceProps) {
  return (
    <label className="grid cursor-pointer grid-cols-[auto_1fr] gap-x-2.5 rounded-lg border border-edge p-3 has-checked:border-accent has-checked:bg-accent-tint">
      <input
        type="radio"
        name="harness"
        value={harness}
        checked={isChosen}
        onChange={() => onChoose(harness)}
        className="mt-1 size-4 accent-accent"
      />
      <span className="font-medium">{harnessTitle(harness)}</span>
      <span className="col-start-2 text-sm">{ABOUT[harness] ?? ''}</span>
    </label>
  )
}
