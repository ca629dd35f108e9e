// One of a few, each with words about it.

import { useId } from 'react'

export interface ChoiceProps<Value extends string> {
  readonly label: string
  readonly options: readonly { readonly value: Value; readonly label: string; readonly about: string }[]
  readonly value: Value | undefined
  readonly onChoose: (value: Value) => void
}

export function Choice<Value extends string>({ label, options, value, onChoose }: ChoiceProps<Value>) {
  const name = useId()
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1 text-sm font-medium">{label}</legend>
      {options.map((option) => (
        <label key={option.value} className="grid grid-cols-[auto_1fr] gap-x-2.5">
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChoose(option.value)}
            className="mt-1 size-4 accent-accent"
          />
          <span>{option.label}</span>
          <span className="col-start-2 text-sm text-soft">{option.about}</span>
        </label>
      ))}
    </fieldset>
  )
}
