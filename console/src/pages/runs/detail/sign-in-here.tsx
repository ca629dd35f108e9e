// Signing in again for a login that a run waits for, without leaving the run.

import { useState } from 'react'
import { useRead } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { useTypes } from '../../../words/types.ts'
import { Again } from '../../credentials/one/again.tsx'

export function SignInHere({ id, name }: { id: string; name: string }) {
  const [isOpen, setOpen] = useState(false)
  const { data } = useRead('credentials.get', { id })
  const type = useTypes().find((one) => one.type === data?.type)
  return (
    <>
      <Button kind="primary" icon="key" onClick={() => setOpen(true)}>
        Sign in again for {name}
      </Button>
      {isOpen && data !== undefined && type !== undefined && (
        <Again credential={data} type={type} onClose={() => setOpen(false)} />
      )}
    </>
  )
}
