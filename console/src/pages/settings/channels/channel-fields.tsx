// What a channel of a platform is configured with, as its platform says it. What the server refuses stands beside the field
// that it is about.

import { useState } from 'react'
import { problemOf } from '../../../api/problem.ts'
import { ValueField } from '../../../ui/fields/value-field.tsx'
import { Notice } from '../../../ui/notice.tsx'
import type { ChannelField, Values } from './types.ts'

export interface ChannelFieldsProps {
  readonly fields: readonly ChannelField[]
  readonly values: Values
  /** Of what was sent last; forgotten when something is typed. */
  readonly error: unknown
  readonly onChange: (values: Values) => void
}

export function ChannelFields({ fields, values, error, onChange }: ChannelFieldsProps) {
  return fields.map((field) => (
    <OneField
      key={field.name}
      field={field}
      value={values[field.name] ?? ''}
      refused={refusalOf(field, error)}
      onChange={(value) => onChange({ ...values, [field.name]: value })}
    />
  ))
}

/** An error that is about none of the fields. */
export function OtherError({ fields, error }: { fields: readonly ChannelField[]; error: unknown }) {
  const isShown = fields.some((field) => refusalOf(field, error) !== undefined)
  return <Notice error={isShown ? null : error} />
}

interface OneProps {
  readonly field: ChannelField
  readonly value: string
  readonly refused: string | undefined
  readonly onChange: (value: string) => void
}

function OneField({ field, value, refused, onChange }: OneProps) {
  const { label, secret, multiline, required, example, expectation, pattern } = field
  const [isLeft, setLeft] = useState(false)
  const typed = value.trim()
  const isWrong = isLeft && typed !== '' && !new RegExp(pattern).test(typed)
  const error = refused ?? (isWrong ? `It ${expectation}.` : undefined)
  const hint = [error === undefined && `It ${expectation}.`, !required && 'Not needed.'].filter(Boolean)
  return (
    <ValueField
      {...{ label, secret, multiline, required, example, value, error, onChange }}
      {...(hint.length > 0 && { hint: hint.join(' ') })}
      onLeft={() => setLeft(true)}
    />
  )
}

// The API names the field that it is about.
function refusalOf({ name }: ChannelField, error: unknown): string | undefined {
  if (error === null || error === undefined) return undefined
  const { code, message, hint = '' } = problemOf(error)
  return code === 'invalid' && message.includes(`(${name})`) ? `${message} ${hint}`.trim() : undefined
}
