// New values for a credential: all of them or some. The old ones are kept as a version.

import { type FormEvent, useState } from 'react'
import { useChange } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { Actions, Dialog } from '../../../ui/dialog.tsx'
import { Checkbox } from '../../../ui/field.tsx'
import { useToast } from '../../../ui/toast.tsx'
import type { TypeInfo } from '../../../words/types.ts'
import { AboutType } from '../adding/about-type.tsx'
import { Fields } from '../adding/fields.tsx'
import { TestFirst, Tried } from '../adding/trying.tsx'
import { given } from '../adding/typed.tsx'
import type { Credential } from './about.tsx'
import type { AskedProps } from './deleting.tsx'

export function Replacing({ credential, type, onClose }: AskedProps & { type: TypeInfo }) {
  const { id, name } = credential
  const [values, setValues] = useState<Readonly<Record<string, string>>>({})
  const [clear, setClear] = useState<readonly string[]>([])
  const [test, setTest] = useState(true)
  const say = useToast()
  const update = useChange('credentials.update', ({ version }) => {
    say(`${name} has a new value: version ${version}.`)
    onClose()
  })
  const fields = given(values)
  const isReady = Object.keys(fields).length > 0 || clear.length > 0
  const send = (saveAnyway: boolean) =>
    update.mutate({
      ...{ id, fields, clear: [...clear] },
      ...(type.testable && test && { test: true, saveAnyway }),
    })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    send(false)
  }
  return (
    <Dialog open onClose={onClose} title={`Replace the value of ${name}`}>
      <form onSubmit={submit} className="grid gap-4">
        <AboutType type={type} />
        <Fields
          type={type}
          values={values}
          keeps={type.fields.length > 1}
          onChange={(field, value) => setValues((before) => ({ ...before, [field]: value }))}
        />
        <Clearing credential={credential} type={type} clear={clear} onChange={setClear} />
        <TestFirst type={type} test={test} onChange={setTest} />
        <Tried error={update.error} busy={update.isPending} onSaveAnyway={() => send(true)} />
        <Actions>
          <Button type="submit" kind="primary" busy={update.isPending} disabled={!isReady}>
            {type.testable && test ? 'Test and replace' : 'Replace'}
          </Button>
        </Actions>
      </form>
    </Dialog>
  )
}

interface ClearingProps {
  readonly credential: Credential
  readonly type: TypeInfo
  readonly clear: readonly string[]
  readonly onChange: (clear: readonly string[]) => void
}

// A secret that can be left out may be there: nobody is told whether it is.
function Clearing({ credential, type, clear, onChange }: ClearingProps) {
  const able = type.fields.filter(
    ({ required, secret, name }) => !required && (secret || credential.fields?.[name] !== undefined),
  )
  return able.map(({ name, label }) => (
    <Checkbox
      key={name}
      label={`Remove the ${label}`}
      checked={clear.includes(name)}
      onChange={(event) =>
        onChange(event.target.checked ? [...clear, name] : clear.filter((one) => one !== name))
      }
    />
  ))
}
