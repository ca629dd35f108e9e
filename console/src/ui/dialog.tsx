// A window over the page, and the question before something that cannot be undone.

import { Dialog as Radix } from 'radix-ui'
import { type FormEvent, type ReactNode, useState } from 'react'
import { Button, IconButton } from './button.tsx'
import { TextField } from './field.tsx'
import { Notice } from './notice.tsx'

export interface DialogProps {
  readonly open: boolean
  readonly onClose: () => void
  readonly title: string
  readonly description?: string | undefined
  readonly wide?: boolean
  readonly children: ReactNode
}

export function Dialog({ open, onClose, title, description, wide = false, children }: DialogProps) {
  return (
    <Radix.Root open={open} onOpenChange={(stays) => !stays && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 grid place-items-center overflow-y-auto bg-scrim p-0 sm:p-6">
          <Radix.Content
            {...(description === undefined && { 'aria-describedby': undefined })}
            className={`rise surface relative grid min-h-dvh w-full content-start gap-4 rounded-none p-5 shadow-xl sm:min-h-0 sm:rounded-xl sm:p-6 ${wide ? 'sm:max-w-3xl' : 'sm:max-w-lg'}`}
          >
            <div className="grid gap-1 pr-10">
              <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
              {description !== undefined && (
                <Radix.Description className="text-sm text-soft">{description}</Radix.Description>
              )}
            </div>
            {children}
            <div className="absolute top-3 right-3">
              <IconButton label="Close" icon="cross" onClick={onClose} />
            </div>
          </Radix.Content>
        </Radix.Overlay>
      </Radix.Portal>
    </Radix.Root>
  )
}

/** The row of buttons at the end of a dialog or form; the last one is what it is for. */
export function Actions({ children }: { children: ReactNode }) {
  return <div className="flex flex-wrap justify-end gap-2 pt-1">{children}</div>
}

export interface ConfirmProps {
  readonly open: boolean
  readonly onClose: () => void
  readonly title: string
  /** What happens, in plain words. */
  readonly children: ReactNode
  /** Typed before it can be done; without it one press is enough. */
  readonly typed?: string
  readonly verb: string
  readonly error: unknown
  readonly busy: boolean
  readonly onConfirm: () => void
}

export function ConfirmDialog({
  open,
  onClose,
  title,
  children,
  typed,
  verb,
  error,
  busy,
  onConfirm,
}: ConfirmProps) {
  const [text, setText] = useState('')
  const ready = typed === undefined || text.trim() === typed
  const close = () => {
    setText('')
    onClose()
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (ready) onConfirm()
  }
  return (
    <Dialog open={open} onClose={close} title={title}>
      <form onSubmit={submit} className="grid gap-4">
        <div className="grid gap-2">{children}</div>
        {typed !== undefined && (
          <TextField
            label={`Type ${typed} to go on`}
            value={text}
            onChange={(event) => setText(event.target.value)}
            autoComplete="off"
            spellCheck={false}
          />
        )}
        <Notice error={error} />
        <Actions>
          <Button onClick={close}>Keep it</Button>
          <Button kind="danger" type="submit" disabled={!ready} busy={busy}>
            {verb}
          </Button>
        </Actions>
      </form>
    </Dialog>
  )
}
