// What is pressed. `busy` says that it was, and takes no second press; its size stays, and so does the focus.

import { Link } from '@tanstack/react-router'
import type { ComponentProps, ReactNode } from 'react'
import { Icon, type IconName } from './icons.tsx'

type Kind = 'primary' | 'plain' | 'quiet' | 'danger'

const LOOK: Readonly<Record<Kind, string>> = {
  primary: 'bg-accent text-on-accent border-transparent hover:brightness-110',
  plain: 'bg-raised text-ink border-edge hover:bg-sunken',
  quiet: 'bg-transparent text-ink border-transparent hover:bg-sunken',
  danger: 'bg-bad text-on-bad border-transparent hover:brightness-110',
}

const SHAPE =
  'inline-flex min-h-10 max-w-full items-center justify-center gap-2 rounded-lg border px-3.5 py-1.5 text-sm font-medium transition-[filter,background-color] disabled:cursor-not-allowed disabled:opacity-60 aria-disabled:cursor-not-allowed aria-disabled:opacity-60 sm:whitespace-nowrap'

interface Look {
  readonly kind?: Kind
  readonly icon?: IconName
}

export type ButtonProps = ComponentProps<'button'> & Look & { readonly busy?: boolean }

export function Button({
  kind = 'plain',
  icon,
  busy = false,
  className = '',
  children,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      onClick={(event) => {
        // This is also what Enter in a field of its form does.
        if (busy) event.preventDefault()
        else rest.onClick?.(event)
      }}
      className={`${SHAPE} ${LOOK[kind]} ${className}`}
    >
      {busy ? (
        <Icon name="cycle" className="size-4 animate-spin" />
      ) : (
        icon !== undefined && <Icon name={icon} />
      )}
      {children}
    </button>
  )
}

/** Only a picture to be seen; the label is for everybody else. */
export function IconButton({
  label,
  icon,
  className = '',
  ...rest
}: Omit<ButtonProps, 'children'> & { label: string; icon: IconName }) {
  return (
    <Button
      kind="quiet"
      icon={icon}
      aria-label={label}
      title={label}
      {...rest}
      className={`min-w-10 px-2 ${className}`}
    />
  )
}

/** A place of the console that looks like something to be pressed. */
export function ButtonLink({
  to,
  search,
  kind = 'plain',
  icon,
  children,
}: Look & { to: string; search?: Readonly<Record<string, string>>; children: ReactNode }) {
  return (
    <Link
      to={to}
      {...(search !== undefined && { search: search as object })}
      className={`${SHAPE} ${LOOK[kind]}`}
    >
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </Link>
  )
}

/** A place elsewhere. What is no address of the web is shown as text: a name is nobody's way to run a script here. */
export function OutsideLink({ href, children }: { href: string; children: ReactNode }) {
  if (!/^https?:\/\//i.test(href)) return <span>{children}</span>
  return (
    <a
      href={href}
      target="_blank"
      rel="noreferrer noopener"
      className="text-accent underline underline-offset-2"
    >
      {children}
    </a>
  )
}
