// What is shown instead of a page: that it is coming, that it failed, that there is none.

import { useRouter } from '@tanstack/react-router'
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

export function Failed({ error }: { error: unknown }) {
  const router = useRouter()
  return (
    <main className="mx-auto grid w-full max-w-2xl gap-4 p-4">
      <h1 className="text-xl font-semibold">This page cannot be shown</h1>
      <Notice error={error} retry={() => void router.invalidate()} />
    </main>
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
