// What runs begin with when nothing else is said.

import { type FormEvent, useState } from 'react'
import type { Output } from '../../../../../src/api/schemas.ts'
import { useChange, useRead } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { Select, TextField } from '../../../ui/field.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { useToast } from '../../../ui/toast.tsx'
import { SkeletonLines } from '../../../ui/waiting.tsx'
import { harnessTitle } from '../../../words/harness.ts'

type Kept = Output<'preferences.get'>

const HARNESSES = ['claude', 'codex'] as const

export function Preferences() {
  const { data, error } = useRead('preferences.get', {})
  return (
    <Section title="What your runs begin with">
      <Notice error={error} />
      {data === undefined ? <SkeletonLines lines={3} /> : <Form key={JSON.stringify(data)} kept={data} />}
    </Section>
  )
}

function Form({ kept }: { kept: Kept }) {
  const [harness, setHarness] = useState<string>(kept.harness ?? '')
  const [models, setModels] = useState({
    claude: kept.models.claude ?? '',
    codex: kept.models.codex ?? '',
  })
  const say = useToast()
  const change = useChange('preferences.set', () => say('Your preferences are kept.'))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const orNull = (text: string) => (text.trim() === '' ? null : text.trim())
    change.mutate({
      harness: HARNESSES.find((one) => one === harness) ?? null,
      models: { claude: orNull(models.claude), codex: orNull(models.codex) },
    })
  }
  return (
    <form onSubmit={submit} className="grid gap-4 sm:max-w-md">
      <Select
        label="Harness"
        value={harness}
        onChoose={setHarness}
        options={[
          { value: '', label: 'Ask me every time' },
          ...HARNESSES.map((value) => ({ value, label: harnessTitle(value) })),
        ]}
      />
      {HARNESSES.map((one) => (
        <TextField
          key={one}
          label={`Model of ${harnessTitle(one)}`}
          placeholder="Its own default"
          maxLength={200}
          value={models[one]}
          onChange={(event) => setModels({ ...models, [one]: event.target.value })}
        />
      ))}
      <Notice error={change.error} />
      <div>
        <Button type="submit" kind="primary" busy={change.isPending}>
          Keep these
        </Button>
      </div>
    </form>
  )
}
