// Where the agent works, and what it may do there.

import { Checkbox, Select, TextField } from '../../../ui/field.tsx'
import { ACCESS_CHOICES } from '../../../words/access.ts'
import { type Draft, WORKSPACE_CHOICES } from './draft.ts'

export interface PlaceProps {
  readonly draft: Draft
  readonly onChange: (changed: Partial<Draft>) => void
}

export function Place({ draft, onChange }: PlaceProps) {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Select
        label="Workspace"
        value={draft.workspace}
        options={WORKSPACE_CHOICES}
        onChoose={(value) => {
          const workspace = WORKSPACE_CHOICES.find((one) => one.value === value)?.value
          if (workspace !== undefined) onChange({ workspace })
        }}
      />
      <Select
        label="Access"
        value={draft.access}
        options={ACCESS_CHOICES}
        onChoose={(value) => {
          const access = ACCESS_CHOICES.find((one) => one.value === value)?.value
          if (access !== undefined) onChange({ access })
        }}
      />
      {draft.workspace === 'directory' && (
        <TextField
          label="Directory"
          hint="One that its worker lets runs work in."
          placeholder="/srv/project"
          required
          spellCheck={false}
          value={draft.path}
          onChange={({ target }) => onChange({ path: target.value })}
        />
      )}
      {draft.workspace === 'git' && <Repository draft={draft} onChange={onChange} />}
      {draft.worker !== '' && (
        <Checkbox
          label={`Only on the worker ${draft.worker}`}
          hint="As the run before. Without this, any worker may take it."
          checked
          onChange={() => onChange({ worker: '' })}
        />
      )}
    </div>
  )
}

function Repository({ draft, onChange }: PlaceProps) {
  return (
    <>
      <TextField
        label="Repository"
        placeholder="https://git.example/project.git"
        required
        spellCheck={false}
        value={draft.url}
        onChange={({ target }) => onChange({ url: target.value })}
      />
      <TextField
        label="Branch, tag or commit"
        hint="Left empty: the usual branch."
        spellCheck={false}
        value={draft.ref}
        onChange={({ target }) => onChange({ ref: target.value })}
      />
    </>
  )
}
