// Which credential serves the run: only those whose type fits its harness. What would be chosen automatically is said with
// its reason; one that is chosen here stands alone, which is said too.

import { type ReactNode, useState } from 'react'
import type { Output } from '../../../../../src/api/schemas.ts'
import { StatePill } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { TextField } from '../../../ui/field.tsx'
import { Callout } from '../../../ui/notice.tsx'
import { SkeletonLines } from '../../../ui/waiting.tsx'
import { harnessTitle } from '../../../words/harness.ts'
import { useOwnerWords } from '../../../words/owner.ts'

export type Explained = Output<'explain'>
type Decision = Explained['decisions'][number]

export interface PickerProps {
  readonly explained: Explained | undefined
  /** Neither is there anything for another harness. */
  readonly isNothingConfigured: boolean
  /** Id; empty: automatic. */
  readonly chosen: string
  readonly onChoose: (credential: string) => void
  /** Somebody wants to make one. */
  readonly onCreate: () => void
}

// As whoever starts a run then is told by the API.
const NOTHING_CONFIGURED = 'No coding agent is configured. Add a credential in Settings → Coding agents.'

// More are found by typing.
const LISTED = 60
const FILTERED_FROM = 9

export function Picker({ explained, isNothingConfigured, chosen, onChoose, onCreate }: PickerProps) {
  const [wanted, setWanted] = useState('')
  if (explained === undefined) return <SkeletonLines lines={3} label="Credentials are looked for" />
  // What the harness lacks is said with the harness.
  if (!explained.enabled) return null
  const fitting = explained.decisions.filter(({ credential }) => credential !== null)
  if (fitting.length === 0) {
    const sentence = isNothingConfigured ? NOTHING_CONFIGURED : explained.sentence
    return <NoneFits explained={explained} sentence={sentence} onCreate={onCreate} />
  }
  const found = fitting.filter(({ credential }) => isLike(credential, wanted))
  return (
    <fieldset className="grid gap-1">
      <legend className="mb-1 text-sm font-medium">Harness credential</legend>
      {fitting.length >= FILTERED_FROM && (
        <TextField
          label="Find a credential"
          quiet
          placeholder="Find by name or type"
          value={wanted}
          onChange={({ target }) => setWanted(target.value)}
        />
      )}
      <div className="grid max-h-72 divide-y overflow-y-auto rounded-lg border border-edge">
        <Automatic explained={explained} isChosen={chosen === ''} onChoose={() => onChoose('')} />
        {found.slice(0, LISTED).map((decision) => (
          <One key={decision.credential?.id} decision={decision} chosen={chosen} onChoose={onChoose} />
        ))}
      </div>
      {found.length > LISTED && (
        <p className="text-sm text-soft">And {found.length - LISTED} more: type to find one.</p>
      )}
      <Consequence explained={explained} chosen={chosen} fitting={fitting} />
      <Create explained={explained} onCreate={onCreate} />
    </fieldset>
  )
}

function isLike(credential: Decision['credential'], wanted: string): boolean {
  const text = `${credential?.name} ${credential?.type} ${credential?.owner}`.toLowerCase()
  return text.includes(wanted.trim().toLowerCase())
}

function NoneFits({ explained, sentence, onCreate }: CreateProps & { readonly sentence: string | null }) {
  return (
    <div role="status" className="grid gap-2">
      <span className="text-sm font-medium">Harness credential</span>
      <Callout tone="warn">
        <p className="font-medium">{sentence}</p>
        <Create explained={explained} onCreate={onCreate} />
      </Callout>
    </div>
  )
}

interface RowProps {
  readonly value: string
  readonly isChosen: boolean
  readonly onChoose: () => void
  readonly children: ReactNode
}

function Row({ value, isChosen, onChoose, children }: RowProps) {
  return (
    <label className="flex cursor-pointer items-start gap-2.5 px-3 py-2 text-sm has-checked:bg-accent-tint">
      <input
        type="radio"
        name="credential"
        value={value}
        checked={isChosen}
        onChange={onChoose}
        className="mt-0.5 size-4 shrink-0 accent-accent"
      />
      <span className="grid min-w-0 flex-1 gap-0.5">{children}</span>
    </label>
  )
}

interface AutomaticProps {
  readonly explained: Explained
  readonly isChosen: boolean
  readonly onChoose: () => void
}

function Automatic({ explained: { decisions, chosen }, isChosen, onChoose }: AutomaticProps) {
  const taken = chosen === null ? undefined : decisions[chosen]
  return (
    <Row value="" isChosen={isChosen} onChoose={onChoose}>
      <span className="font-medium">Automatic</span>
      <span className="text-xs text-soft wrap-anywhere">
        {taken?.credential ? (
          <>
            It would be {taken.credential.name} ({taken.credential.type}): {taken.reason}
          </>
        ) : (
          'Nothing serves now: the run would wait.'
        )}
      </span>
    </Row>
  )
}

interface OneProps {
  readonly decision: Decision
  readonly chosen: string
  readonly onChoose: (credential: string) => void
}

function One({ decision: { credential, verdict, reason }, chosen, onChoose }: OneProps) {
  const ownerWords = useOwnerWords()
  if (credential === null) return null
  const { id, name, type, owner, suffix, state } = credential
  return (
    <Row value={id} isChosen={chosen === id} onChoose={() => onChoose(id)}>
      <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <span className="font-medium wrap-anywhere">{name}</span>
        <span className="font-mono text-xs text-soft">
          {type}
          {suffix !== null && suffix !== '' && ` …${suffix}`}
        </span>
        <span className="text-xs text-soft">{ownerWords(owner)}</span>
        {state !== 'ok' && <StatePill state={state} />}
      </span>
      {verdict === 'skipped' && <span className="text-xs text-soft wrap-anywhere">Skipped: {reason}</span>}
    </Row>
  )
}

interface CreateProps {
  readonly explained: Explained
  readonly onCreate: () => void
}

function Create({ explained: { harness }, onCreate }: CreateProps) {
  return (
    <div className="pt-1">
      <Button icon="plus" onClick={onCreate}>
        Create a {harnessTitle(harness)} credential
      </Button>
    </div>
  )
}

interface ConsequenceProps {
  readonly explained: Explained
  readonly chosen: string
  readonly fitting: readonly Decision[]
}

function Consequence({ explained: { sentence }, chosen, fitting }: ConsequenceProps) {
  const one = fitting.find(({ credential }) => credential?.id === chosen)?.credential
  return (
    <div role="status" className="grid gap-1 text-sm">
      {chosen !== '' && one && (
        <p>
          Only {one.name} serves this run: there is no fallback. When it is refused, the run waits or ends,
          and nothing else is tried.
        </p>
      )}
      {chosen !== '' && !one && <p className="text-bad">The chosen credential is not there any more.</p>}
      {chosen === '' && sentence !== null && <p className="text-warn wrap-anywhere">{sentence}</p>}
    </div>
  )
}

const RAW = /\braw secret\b/

/** Whether a run of no harness could begin, whatever is chosen. A raw secret is something to go on from, and is told of. */
export function isNothingConfigured(explained: Readonly<Record<string, Explained | undefined>>): boolean {
  return Object.values(explained).every((one) => one?.decisions.length === 0 && !RAW.test(one.sentence ?? ''))
}

/** Whether something that is chosen like this can be asked for. */
export function isPickable(explained: Explained | undefined, chosen: string): boolean {
  if (explained === undefined || !explained.enabled) return false
  const ids = explained.decisions.flatMap(({ credential }) => (credential === null ? [] : [credential.id]))
  return ids.length > 0 && (chosen === '' || ids.includes(chosen))
}
