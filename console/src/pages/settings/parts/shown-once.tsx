// What can be seen only now: a link, a token, a command with a code.

import type { ReactNode } from 'react'
import { Button } from '../../../ui/button.tsx'
import { Copyable } from '../../../ui/copy.tsx'
import { Actions, Dialog } from '../../../ui/dialog.tsx'
import { Callout } from '../../../ui/notice.tsx'

export interface ShownOnceProps {
  readonly title: string
  /** Each with what it is; null: it is closed. */
  readonly texts: readonly { readonly label: string; readonly text: string }[] | null
  readonly onClose: () => void
  readonly warning?: string
  readonly children?: ReactNode
}

export function ShownOnce({
  title,
  texts,
  onClose,
  warning = 'It is shown this once. Copy it now.',
  children,
}: ShownOnceProps) {
  return (
    <Dialog open={texts !== null} onClose={onClose} title={title} held>
      <Callout tone="warn">
        <p>{warning}</p>
      </Callout>
      {texts?.map(({ label, text }) => (
        <div key={label} className="grid gap-1">
          <p className="text-sm font-medium">{label}</p>
          <Copyable text={text} label={`Copy: ${label}`} />
        </div>
      ))}
      {children}
      <Actions>
        <Button kind="primary" onClick={onClose}>
          I have it
        </Button>
      </Actions>
    </Dialog>
  )
}
