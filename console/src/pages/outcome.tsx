// What is shown instead of a page: that it is coming, that it failed, that there is none.

import { useRouter } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { problemOf } from '../api/problem.ts'
import { ButtonLink } from '../ui/button.tsx'
import { Notice } from '../ui/notice.tsx'
import { EmptyState, SkeletonLines } from '../ui/waiting.tsx'

export function Pending() {
  return (
    <div className="mx-auto w-full max-w-6xl">
      <SkeletonLines lines={6} />
    </div>
  )
}

/** In the place of everything. */
export function Failed({ error }: { error: unknown }) {
  return (
    <main className="p-4">
      <FailedInShell error={error} />
    </main>
  )
}

/** In the place of a page; the places stay. */
export function FailedInShell({ error }: { error: unknown }) {
  const router = useRouter()
  return (
    <div className="mx-auto grid w-full max-w-2xl gap-4">
      <h1 className="text-xl font-semibold">This page cannot be shown</h1>
      <Notice error={error} retry={() => void router.invalidate()} />
    </div>
  )
}

export interface GoneProps {
  /** What it was called, as far as that was seen. */
  readonly name: string | undefined
  readonly error: unknown
  /** The way back. */
  readonly children: ReactNode
}

/** In the place of a thing that is not there: said once, whatever else of it was shown. */
export function Gone({ name, error, children }: GoneProps) {
  return (
    <div role="alert">
      <EmptyState
        icon="question"
        title={name === undefined ? problemOf(error).message : `${name} was deleted.`}
        action={children}
      />
    </div>
  )
}

export function NotFound() {
  return (
    <EmptyState
      icon="question"
      title="There is nothing at this address"
      action={<ButtonLink to="/">Go to the overview</ButtonLink>}
    />
  )
}
