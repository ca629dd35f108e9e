// The end of a credential: what refers to it is named before.

import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { api } from '../../../api/client.ts'
import { useOnce } from '../../../api/once.ts'
import { readAgain, useRead } from '../../../api/queries.ts'
import { ConfirmDialog } from '../../../ui/dialog.tsx'
import { useToast } from '../../../ui/toast.tsx'
import { SkeletonLines } from '../../../ui/waiting.tsx'
import type { Credential } from './about.tsx'

export interface AskedProps {
  readonly credential: Credential
  readonly onClose: () => void
}

export function Deleting({ credential: { id, name }, onClose }: AskedProps) {
  const navigate = useNavigate()
  const say = useToast()
  const { data, error } = useRead('credentials.references', { id })
  const queries = useQueryClient()
  const remove = useOnce({
    mutationFn: () => api.call('credentials.delete', { id }),
    // Away first: what is gone cannot be read again.
    onSuccess: async () => {
      await navigate({ to: '/credentials' })
      say(`${name} is deleted.`)
      await readAgain(queries, ['credentials', 'explain', 'overview', 'harnesses'])
    },
  })
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={`Delete ${name}?`}
      verb="Delete"
      typed={name}
      busy={remove.isPending || (data === undefined && error === null)}
      error={remove.error ?? error}
      onConfirm={() => remove.mutate()}
    >
      <p>It is deleted with all its versions, and cannot be brought back.</p>
      {data === undefined && error === null && <SkeletonLines lines={2} />}
      {data !== undefined && data.references.length > 0 && (
        <div className="grid gap-1 text-sm">
          <p>What refers to it is cleared:</p>
          <ul className="list-disc pl-5">
            {data.references.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </div>
      )}
    </ConfirmDialog>
  )
}
