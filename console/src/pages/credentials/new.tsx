// Adding a credential, at an address that others lead to. Behind it is the list.

import { useNavigate, useSearch } from '@tanstack/react-router'
import { textIn } from '../../next.ts'
import { useToast } from '../../ui/toast.tsx'
import { AddDialog } from './adding/add-dialog.tsx'
import { CredentialsPage } from './list.tsx'

export function NewCredentialPage() {
  const search: Record<string, unknown> = { ...useSearch({ strict: false }) }
  const navigate = useNavigate()
  const say = useToast()
  const back = textIn(search, 'from') === 'overview' ? '/' : '/credentials'
  return (
    <>
      <CredentialsPage />
      <AddDialog
        open
        harness={textIn(search, 'harness')}
        owner={textIn(search, 'owner')}
        type={textIn(search, 'type')}
        // Going back in the browser does not lead into it again.
        onClose={() => void navigate({ to: back, replace: true })}
        onAdded={({ id, name }) => {
          say(`${name} is added.`)
          void navigate({ to: '/credentials/$id', params: { id } })
        }}
      />
    </>
  )
}
