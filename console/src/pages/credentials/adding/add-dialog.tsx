// Adding a credential, wherever somebody finds that one is missing: which type it is, then what belongs to it.

import { useState } from 'react'
import type { CredentialView } from '../../../../../src/api/schemas.ts'
import { Dialog } from '../../../ui/dialog.tsx'
import { type TypeInfo, useTypes } from '../../../words/types.ts'
import { SignInForm } from './sign-in.tsx'
import { TypedForm } from './typed.tsx'
import { TypeChoice } from './types.tsx'

export interface AddDialogProps {
  readonly open: boolean
  readonly onClose: () => void
  /** Only types for this coding agent are offered. */
  readonly harness?: string | undefined
  /** Where it begins. */
  readonly type?: string | undefined
  readonly owner?: string | undefined
  readonly onAdded: (credential: CredentialView) => void
}

interface Chosen {
  readonly type: TypeInfo
  readonly pasted: string
}

export function AddDialog({ open, onClose, harness, type: first, owner, onAdded }: AddDialogProps) {
  const types = useTypes()
  const [chosen, setChosen] = useState<Chosen | 'none' | null>(null)
  const begun = types.find(({ type }) => type === first)
  const now = chosen === 'none' ? null : (chosen ?? (begun ? { type: begun, pasted: '' } : null))
  const close = () => {
    setChosen(null)
    onClose()
  }
  const shared = { owner, onBack: () => setChosen('none'), onCancel: close, onAdded }
  return (
    <Dialog
      open={open}
      onClose={close}
      wide
      title={now === null ? 'Add a credential' : `Add: ${now.type.title}`}
      {...(now === null && { description: 'What kind is it?' })}
    >
      {now === null && (
        <TypeChoice harness={harness} onChoose={(type) => setChosen({ type, pasted: '' })} onCancel={close} />
      )}
      {now?.type.entry === 'typed' && (
        <TypedForm
          key={now.type.type}
          type={now.type}
          pasted={now.pasted}
          onInstead={(type, pasted) => setChosen({ type, pasted })}
          {...shared}
        />
      )}
      {now?.type.entry === 'sign-in' && <SignInForm key={now.type.type} type={now.type} {...shared} />}
    </Dialog>
  )
}
