// Starting a run: with which harness and credential, on what, and with which first words.

import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import type { Output } from '../../../../../src/api/schemas.ts'
import { useSession } from '../../../api/people.ts'
import { useChange, useRead } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { Actions, Dialog } from '../../../ui/dialog.tsx'
import { Select, TextArea, TextField } from '../../../ui/field.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { SkeletonLines } from '../../../ui/waiting.tsx'
import { AddDialog } from '../../credentials/adding/add-dialog.tsx'
import { type Draft, draftFrom, type Harness, isWhole, requestOf } from './draft.ts'
import { HarnessChoice } from './harness-choice.tsx'
import { type Explained, isNothingConfigured, isPickable, Picker } from './picker.tsx'
import { Place } from './place.tsx'

type Run = Output<'runs.read'>
type Preferences = Output<'preferences.get'>

export interface StartDialogProps {
  readonly onClose: () => void
  /** It is started again as this one was. */
  readonly again?: Run
}

export function StartDialog({ onClose, again }: StartDialogProps) {
  const preferences = useRead('preferences.get', {})
  const { person } = useSession()
  // It may have been somebody else's, of a team of theirs.
  const team = person.teams.find((one) => one === again?.team) ?? ''
  const { explained, error } = useExplained(team)
  const title = again === undefined ? 'Start a run' : 'Start again'
  const isKnown = explained.claude !== undefined && explained.codex !== undefined
  return (
    <Dialog open onClose={onClose} title={title} wide>
      <Notice error={preferences.error ?? error} />
      {again?.credential && (
        <p className="text-sm text-soft">
          {again.credential.name} ({again.credential.type}) served it last. The new run has its own
          conversation.
        </p>
      )}
      {preferences.data !== undefined && isKnown ? (
        <StartForm
          preferences={preferences.data}
          first={{
            ...draftFrom(again?.harness ?? preferences.data.harness ?? firstThatWorks(explained), again),
            team,
          }}
          onClose={onClose}
        />
      ) : (
        // As high as the form is, so that nothing jumps when it comes.
        <div className="min-h-[44rem] sm:min-h-[46rem]">
          <SkeletonLines lines={12} />
        </div>
      )}
    </Dialog>
  )
}

interface StartFormProps {
  readonly preferences: Preferences
  /** What is chosen when the dialog opens. */
  readonly first: Draft
  readonly onClose: () => void
}

function StartForm({ preferences, first, onClose }: StartFormProps) {
  const [isCreating, setCreating] = useState(false)
  const [draft, setDraft] = useState(first)
  const { explained } = useExplained(draft.team)
  const { submit, start } = useStarting(draft)
  const change = (more: Partial<Draft>) => setDraft((before) => ({ ...before, ...more }))
  const isReady = isWhole(draft) && isPickable(explained[draft.harness], draft.credential)
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    if (isReady) submit()
  }
  return (
    <>
      <form ref={useFirstFocus()} onSubmit={onSubmit} className="grid gap-4">
        <HarnessChoice
          chosen={draft.harness}
          explained={explained}
          onChoose={(harness) => change({ harness, credential: '' })}
        />
        <Team team={draft.team} onChoose={(team) => change({ team, credential: '' })} />
        <Picker
          explained={explained[draft.harness]}
          isNothingConfigured={isNothingConfigured(explained)}
          chosen={draft.credential}
          onChoose={(credential) => change({ credential })}
          onCreate={() => setCreating(true)}
        />
        <Words draft={draft} onChange={change} preferredModel={preferences.models[draft.harness]} />
        {!isWhole(draft) && (
          <p className="text-right text-sm text-soft">
            It needs the {draft.workspace === 'directory' ? 'directory' : 'repository'} it works on.
          </p>
        )}
        <Notice error={start.error} />
        <Actions>
          <Button onClick={onClose}>Not now</Button>
          <Button kind="primary" type="submit" disabled={!isReady} busy={start.isPending}>
            Start
          </Button>
        </Actions>
      </form>
      <AddDialog
        open={isCreating}
        harness={draft.harness}
        onClose={() => setCreating(false)}
        onAdded={() => setCreating(false)}
      />
    </>
  )
}

// The dialog opens before its fields are known.
function useFirstFocus() {
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    const fields =
      form.current?.querySelectorAll<HTMLInputElement>(':is(input, select, textarea):enabled') ?? []
    const first = [...fields].find(({ type, checked }) => type !== 'radio' || checked)
    first?.focus()
  }, [])
  return form
}

function Team({ team, onChoose }: { team: string; onChoose: (team: string) => void }) {
  const { person } = useSession()
  if (person.teams.length === 0) return null
  return (
    <Select
      label="Team"
      {...(team !== '' && { hint: 'Draws on this team only, and its members may read the run.' })}
      value={team}
      onChoose={onChoose}
      options={[
        { value: '', label: 'None in particular' },
        ...person.teams.map((one) => ({ value: one, label: one })),
      ]}
    />
  )
}

interface WordsProps {
  readonly draft: Draft
  readonly onChange: (changed: Partial<Draft>) => void
  readonly preferredModel: string | null
}

function Words({ draft, onChange, preferredModel }: WordsProps) {
  return (
    <>
      <TextArea
        label="Prompt"
        hint="Its first message. Left empty, it waits for one."
        rows={4}
        maxLength={200_000}
        value={draft.prompt}
        onChange={({ target }) => onChange({ prompt: target.value })}
      />
      <Place draft={draft} onChange={onChange} />
      <TextField
        label="Model"
        hint={preferredModel === null ? 'Left empty: the usual one.' : `Left empty: ${preferredModel}.`}
        spellCheck={false}
        maxLength={200}
        value={draft.model}
        onChange={({ target }) => onChange({ model: target.value })}
      />
    </>
  )
}

type ByHarness = Readonly<Record<Harness, Explained | undefined>>

// Of one's own run: kept right by the live stream while the dialog is open.
function useExplained(team: string): { readonly explained: ByHarness; readonly error: unknown } {
  const more = { user: 'me', ...(team !== '' && { team }) }
  const claude = useRead('explain', { harness: 'claude', ...more })
  const codex = useRead('explain', { harness: 'codex', ...more })
  return { explained: { claude: claude.data, codex: codex.data }, error: claude.error ?? codex.error }
}

// Nobody has said which they prefer.
function firstThatWorks({ claude, codex }: ByHarness): Harness {
  const works = (one: Explained | undefined) => one?.enabled === true && one.decisions.length > 0
  return !works(claude) && (works(codex) || claude?.enabled === false) ? 'codex' : 'claude'
}

// Asked for again after an answer was lost, it is the same run.
function useStarting(draft: Draft) {
  const navigate = useNavigate()
  const asked = useRef({ text: '', key: '' })
  const start = useChange('runs.create', ({ id }) => void navigate({ to: '/runs/$id', params: { id } }))
  const submit = () => {
    const request = requestOf(draft)
    const text = JSON.stringify(request)
    if (asked.current.text !== text) asked.current = { text, key: crypto.randomUUID() }
    start.mutate({ ...request, key: asked.current.key })
  }
  return { submit, start }
}
