// What is typed or chosen, with its label, its hint and what is wrong with it, tied together for every reader.

import { type ComponentProps, type ElementType, type ReactNode, useId } from 'react'
import { Icon } from './icons.tsx'

interface Around {
  readonly label: string
  readonly hint?: ReactNode
  /** A whole sentence. */
  readonly error?: string | undefined
  /** Only readers hear the label. */
  readonly quiet?: boolean | undefined
}

type Described = { readonly id: string; readonly 'aria-describedby'?: string; readonly 'aria-invalid'?: true }

/** Around whatever control: it gets its id and what describes it. */
function Field({
  label,
  hint,
  error,
  quiet = false,
  children,
}: Around & { children: (described: Described) => ReactNode }) {
  const id = useId()
  const parts = [hint !== undefined && `${id}-hint`, error !== undefined && `${id}-error`].filter(Boolean)
  const described: Described = {
    id,
    ...(parts.length > 0 && { 'aria-describedby': parts.join(' ') }),
    ...(error !== undefined && { 'aria-invalid': true as const }),
  }
  return (
    <div className="grid min-w-0 content-start gap-1">
      <label htmlFor={id} className={quiet ? 'sr-only' : 'text-sm font-medium wrap-anywhere'}>
        {label}
      </label>
      {children(described)}
      {hint !== undefined && (
        <p id={`${id}-hint`} className="text-sm text-soft">
          {hint}
        </p>
      )}
      {error !== undefined && (
        <p id={`${id}-error`} className="flex items-start gap-1.5 text-sm text-bad">
          <Icon name="warning" className="mt-0.5 size-4" />
          {error}
        </p>
      )}
    </div>
  )
}

export function TextField(props: Around & ComponentProps<'input'>) {
  return <Typed {...props} element="input" />
}

export function TextArea(props: Around & ComponentProps<'textarea'>) {
  return <Typed rows={3} {...props} element="textarea" />
}

type TypedProps = Around &
  (({ element: 'input' } & ComponentProps<'input'>) | ({ element: 'textarea' } & ComponentProps<'textarea'>))

function Typed({ element, label, hint, error, quiet, className = '', ...rest }: TypedProps) {
  const Control = element as ElementType
  return (
    <Field label={label} hint={hint} error={error} quiet={quiet}>
      {(described) => <Control {...rest} {...described} className={`control ${className}`} />}
    </Field>
  )
}

export interface Option {
  readonly value: string
  readonly label: string
  readonly disabled?: boolean
}

/** The system's own list: it is the best one on a phone, and for a keyboard. */
export function Select({
  label,
  hint,
  error,
  quiet,
  options,
  onChoose,
  ...rest
}: Around &
  Omit<ComponentProps<'select'>, 'onChange'> & {
    readonly options: readonly Option[]
    readonly onChoose: (value: string) => void
  }) {
  return (
    <Field label={label} hint={hint} error={error} quiet={quiet}>
      {(described) => (
        <select
          {...rest}
          {...described}
          className="control"
          onChange={(event) => onChoose(event.target.value)}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value} disabled={option.disabled}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

export function Checkbox({ label, hint, ...rest }: Around & Omit<ComponentProps<'input'>, 'type'>) {
  const id = useId()
  return (
    <div className="grid grid-cols-[auto_1fr] gap-x-2.5">
      <input
        {...rest}
        id={id}
        type="checkbox"
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        className="mt-1 size-4 accent-accent"
      />
      <label htmlFor={id}>{label}</label>
      {hint !== undefined && (
        <p id={`${id}-hint`} className="col-start-2 text-sm text-soft">
          {hint}
        </p>
      )}
    </div>
  )
}
