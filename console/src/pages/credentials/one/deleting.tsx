// The end of a credential: what refers to it is named before.

import { useNavigate } from '@tanstack/react-router'
import { useChange, useRead } from '../../../api/queries.ts'
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
  const remove = useChange('credentials.delete')
  const confirm = () =>
    remove.mutate(
      { id },
      {
        onSuccess: () => {
          say(`${name} is deleted.`)
          void navigate({ to: '/credentials' })
        },
      },
    )
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={`Delete ${name}?`}
      verb="Delete"
      typed={name}
      busy={remove.isPending || (data === undefined && error === null)}
      error={remove.error ?? error}
      onConfirm={confirm}
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
