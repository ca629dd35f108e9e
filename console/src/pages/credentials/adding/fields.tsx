// The fields of a type, with the names people know, checked as one types. What is secret is not shown on the screen.

import { useState } from 'react'
import { Button } from '../../../ui/button.tsx'
import { ValueField } from '../../../ui/fields/value-field.tsx'
import { type FieldInfo, type TypeInfo, useTypes } from '../../../words/types.ts'
import { complaintOf } from './checks.ts'

export interface FieldsProps {
  readonly type: TypeInfo
  readonly values: Readonly<Record<string, string>>
  readonly onChange: (name: string, value: string) => void
  /** Something else was pasted: chooses the type that it belongs to. */
  readonly onInstead?: (type: TypeInfo, value: string) => void
  /** Fields that are left empty keep what they have. */
  readonly keeps?: boolean
}

export function Fields({ type, values, onChange, onInstead, keeps = false }: FieldsProps) {
  return type.fields.map((field) => (
    <OneField
      key={field.name}
      field={field}
      value={values[field.name] ?? ''}
      onChange={(value) => onChange(field.name, value)}
      onInstead={onInstead}
      keeps={keeps}
    />
  ))
}

interface OneProps {
  readonly field: FieldInfo
  readonly value: string
  readonly onChange: (value: string) => void
  readonly onInstead: FieldsProps['onInstead'] | undefined
  readonly keeps: boolean
}

function OneField({ field, value, onChange, onInstead, keeps }: OneProps) {
  const types = useTypes()
  const [isLeft, setLeft] = useState(false)
  const complaint = complaintOf(field, value, types, isLeft)
  const instead = complaint?.instead
  return (
    <div className="grid gap-2">
      <ValueField
        label={capital(field.label)}
        {...(hintOf(field, keeps) !== undefined && { hint: hintOf(field, keeps) })}
        {...(complaint !== null && { error: complaint.sentence })}
        example={field.example}
        required={field.required && !keeps}
        secret={field.secret}
        multiline={field.multiline}
        value={value}
        onChange={onChange}
        onLeft={() => setLeft(true)}
      />
      {instead !== undefined && onInstead !== undefined && (
        <div>
          <Button onClick={() => onInstead(instead, value)}>Add it as {instead.title}</Button>
        </div>
      )}
    </div>
  )
}

function hintOf(field: FieldInfo, keeps: boolean): string | undefined {
  if (keeps) return 'Left empty, it stays as it is.'
  return field.required ? undefined : 'Not needed.'
}

/** A label of the table stands in sentences; here it begins one. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
