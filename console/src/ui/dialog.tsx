// A window over the page, and the question before something that cannot be undone. The focus goes back to what opened it, so
// that a keyboard goes on from there.

import { Dialog as Radix } from 'radix-ui'
import { type FormEvent, type ReactNode, useRef, useState } from 'react'
import { Button, IconButton } from './button.tsx'
import { TextField } from './field.tsx'
import { Notice } from './notice.tsx'

export interface DialogProps {
  readonly open: boolean
  readonly onClose: () => void
  readonly title: string
  readonly description?: string | undefined
  readonly wide?: boolean
  /** It holds what cannot be had again: only a button closes it, never Escape or a press beside it. */
  readonly held?: boolean
  readonly children: ReactNode
}

export function Dialog({
  open,
  onClose,
  title,
  description,
  wide = false,
  held = false,
  children,
}: DialogProps) {
  const { remember, giveBack } = useFocusGivenBack()
  const isTypedIn = useRef(false)
  return (
    <Radix.Root open={open} onOpenChange={(stays) => !stays && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 grid items-start justify-items-center overflow-y-auto bg-scrim p-0 sm:px-6 sm:pt-[8vh] sm:pb-6">
          <Radix.Content
            {...(description === undefined && { 'aria-describedby': undefined })}
            onOpenAutoFocus={() => {
              isTypedIn.current = false
              remember()
            }}
            onCloseAutoFocus={giveBack}
            onInput={() => {
              isTypedIn.current = true
            }}
            // A press that slips throws nothing away that somebody has typed.
            onPointerDownOutside={(event) => (held || isTypedIn.current) && event.preventDefault()}
            onEscapeKeyDown={(event) => held && event.preventDefault()}
            className={`rise surface relative grid min-h-dvh w-full grid-cols-[minmax(0,1fr)] content-start gap-4 rounded-none p-5 shadow-xl sm:min-h-0 sm:rounded-xl sm:p-6 ${wide ? 'sm:max-w-3xl' : 'sm:max-w-lg'}`}
          >
            <div className="grid min-w-0 gap-1 pr-10 wrap-anywhere">
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

/** The handlers of a window: it remembers what had the focus when it opened, and gives it back. */
function useFocusGivenBack() {
  const opener = useRef<Element | null>(null)
  return {
    remember() {
      opener.current = openerIn(document.activeElement)
    },
    giveBack(event: Event) {
      event.preventDefault()
      // Somebody has gone on already, for example to another page.
      if (document.activeElement !== document.body && document.activeElement !== null) return
      if (!focused(opener.current)) focused(document.getElementById('main'))
    },
  }
}

// What was chosen of a menu goes away with it; its button stays.
function openerIn(active: Element | null): Element | null {
  const button = active?.closest('[role="menu"]')?.getAttribute('aria-labelledby')
  return button === null || button === undefined ? active : document.getElementById(button)
}

function focused(element: Element | null): boolean {
  if (!(element instanceof HTMLElement) || element === document.body) return false
  element.focus()
  return document.activeElement === element
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
  /** What leaves everything as it is. */
  readonly otherwise?: string
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
  otherwise = 'Keep it',
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
          <Button onClick={close}>{otherwise}</Button>
          <Button kind="danger" type="submit" disabled={!ready} busy={busy}>
            {verb}
          </Button>
        </Actions>
      </form>
    </Dialog>
  )
}
