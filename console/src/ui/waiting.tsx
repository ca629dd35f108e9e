// What stands where something will be: grey of the same size, so that nothing jumps; and what stands where there is nothing.

import type { ReactNode } from 'react'
import { Icon, type IconName } from './icons.tsx'

export function Skeleton({ className = 'h-4 w-full' }: { className?: string }) {
  return <span aria-hidden="true" className={`block animate-pulse rounded bg-sunken ${className}`} />
}

/** So many lines of grey, and words for those who do not see them. */
export function SkeletonLines({ lines, label = 'Loading' }: { lines: number; label?: string }) {
  return (
    <div role="status" className="grid gap-3">
      <span className="sr-only">{label}</span>
      {Array.from({ length: lines }, (_, line) => `line ${line}`).map((line) => (
        <Skeleton key={line} />
      ))}
    </div>
  )
}

/** For what is most of a page, of which nothing is known yet: no heading that would move. */
export function SkeletonCard() {
  return (
    <div className="surface min-h-[60dvh] p-4 sm:p-5">
      <SkeletonLines lines={10} />
    </div>
  )
}

export interface EmptyStateProps {
  readonly icon: IconName
  readonly title: string
  readonly children?: ReactNode
  /** What to do about it. */
  readonly action?: ReactNode
}

export function EmptyState({ icon, title, children, action }: EmptyStateProps) {
  return (
    <div className="surface grid justify-items-center gap-3 px-6 py-12 text-center">
      <span className="grid size-12 place-items-center rounded-full bg-accent-tint text-accent">
        <Icon name={icon} className="size-6" />
      </span>
      <h2 className="text-base font-semibold wrap-anywhere">{title}</h2>
      {children !== undefined && <div className="max-w-prose text-sm text-soft">{children}</div>}
      {action}
    </div>
  )
}
