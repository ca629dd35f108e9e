// A credential whose values are entered.

import { type FormEvent, useState } from 'react'
import type { CredentialView } from '../../../../../src/api/schemas.ts'
import { useChange } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { Actions } from '../../../ui/dialog.tsx'
import type { TypeInfo } from '../../../words/types.ts'
import { AboutType } from './about-type.tsx'
import { Fields } from './fields.tsx'
import { Placing, usePlace } from './placing.tsx'
import { SubscriptionWords, useSubscription } from './subscription.tsx'
import { TestFirst, Tried } from './trying.tsx'

export interface TypedProps {
  readonly type: TypeInfo
  readonly owner?: string | undefined
  /** What was pasted for another type and belongs to this one. */
  readonly pasted: string
  readonly onInstead: (type: TypeInfo, value: string) => void
  readonly onBack: () => void
  readonly onCancel: () => void
  readonly onAdded: (credential: CredentialView) => void
}

export function TypedForm({ type, owner, pasted, onInstead, onBack, onCancel, onAdded }: TypedProps) {
  const { place, put } = usePlace(owner)
  const [values, setValues] = useState(() => valuesOf(type, pasted))
  const [test, setTest] = useState(true)
  const subscription = useSubscription({ type, harness: type.harness, owner: place.owner })
  const create = useChange('credentials.create', onAdded)
  const send = (saveAnyway: boolean) =>
    create.mutate({
      ...{ type: type.type, ...place, name: place.name.trim(), fields: given(values) },
      ...(subscription.accepted && { acceptNotice: true }),
      ...(type.testable && test && { test: true, saveAnyway }),
    })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    send(false)
  }
  return (
    <form onSubmit={submit} className="grid gap-4">
      <AboutType type={type} />
      <Placing type={type} place={place} put={put} />
      <Fields
        type={type}
        values={values}
        onChange={(name, value) => {
          // What was refused was the value before.
          create.reset()
          setValues((before) => ({ ...before, [name]: value }))
        }}
        onInstead={onInstead}
      />
      <SubscriptionWords subscription={subscription} type={type} />
      <TestFirst type={type} test={test} onChange={setTest} />
      <Tried error={create.error} busy={create.isPending} onSaveAnyway={() => send(true)} />
      <Actions>
        {/* What is on its way to the server may be stored. */}
        <Button disabled={create.isPending} onClick={onCancel}>
          Cancel
        </Button>
        <Button onClick={onBack}>Another type</Button>
        <Button type="submit" kind="primary" busy={create.isPending}>
          {type.testable && test ? 'Test and add' : 'Add'}
        </Button>
      </Actions>
    </form>
  )
}

function valuesOf({ fields: [first] }: TypeInfo, pasted: string): Readonly<Record<string, string>> {
  return first === undefined || pasted === '' ? {} : { [first.name]: pasted }
}

/** What was entered: a field that is empty is left out. */
export function given(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value.trim() !== ''))
}
