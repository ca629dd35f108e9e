// A sign-in that was under way when the page was loaded again, wherever that was.

import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import type { CredentialView } from '../../../../../src/api/schemas.ts'
import { useRead } from '../../../api/queries.ts'
import { forgetUnderWay, type StartedLogin } from '../../../api/under-way.ts'
import { Dialog } from '../../../ui/dialog.tsx'
import { useToast } from '../../../ui/toast.tsx'
import { SigningIn } from './signing-in.tsx'

export function Resumed({ login }: { login: StartedLogin }) {
  const [isOpen, setOpen] = useState(true)
  const navigate = useNavigate()
  const say = useToast()
  const { data, error } = useRead('logins.get', { id: login.id }, { enabled: isOpen })
  // What was open over the page may be in its address.
  useEffect(() => {
    void navigate({ to: '/credentials', replace: true })
  }, [navigate])
  useEffect(() => {
    if (error === null) return
    // It is nobody's any more, or somebody else's.
    forgetUnderWay()
    setOpen(false)
  }, [error])
  const done = ({ id, name }: CredentialView) => {
    setOpen(false)
    say(`${name} is signed in.`)
    void navigate({ to: '/credentials/$id', params: { id } })
  }
  const again = () => {
    setOpen(false)
    void navigate({ to: '/credentials/new', search: { type: login.type } })
  }
  return (
    <Dialog
      open={isOpen && data !== undefined}
      onClose={() => setOpen(false)}
      wide
      title={`Signing in: ${login.name}`}
    >
      <SigningIn login={login} onAgain={again} onCancel={() => setOpen(false)} onDone={done} />
    </Dialog>
  )
}
