// Where one writes. While the harness is signed in anew it is off, and says so; what was written stays.

import { type FormEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import { draftOf, keepDraft } from '../../../api/drafts.ts'
import { useChange } from '../../../api/queries.ts'
import { Button } from '../../../ui/button.tsx'
import { Icon } from '../../../ui/icons.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { harnessName } from '../../../words/harness.ts'
import type { Run } from './conversation.ts'

export interface ComposerProps {
  /** With the state that is known last. */
  readonly run: Run
}

export function Composer({ run }: ComposerProps) {
  const isOff = run.state === 'reauthenticating'
  const { text, setText, submit, send } = useSending(run.id)
  const field = useFocusKept(isOff)
  const hint = useId()
  const isReady = text.trim() !== '' && !isOff
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    if (isReady) submit()
  }
  return (
    <div className="grid gap-2 border-t p-3 sm:p-4">
      <Pill run={run} />
      <Queue messages={run.messages} />
      <Notice error={send.error} />
      <form onSubmit={onSubmit} className="flex items-end gap-2">
        <textarea
          ref={field}
          rows={2}
          aria-label="Message"
          aria-describedby={hint}
          placeholder={`Write to ${harnessName(run.harness)}`}
          value={text}
          disabled={isOff}
          readOnly={send.isPending}
          maxLength={200_000}
          onChange={({ target }) => setText(target.value)}
          onKeyDown={(event) => isSend(event) && onSubmit(event)}
          className="control max-h-60 resize-y disabled:cursor-not-allowed disabled:bg-sunken"
        />
        <Button kind="primary" type="submit" disabled={!isReady} busy={send.isPending}>
          Send
        </Button>
      </form>
      <p id={hint} className="hidden text-xs text-soft sm:block">
        Enter sends, Shift and Enter begin a new line. Messages sent while it works wait their turn.
      </p>
    </div>
  )
}

/** R8: amber, above the composer, for as long as it is so. */
function Pill({ run: { state, harness } }: ComposerProps) {
  return (
    <div role="status" className="empty:-mb-2">
      {state === 'reauthenticating' && (
        <span className="inline-flex items-center gap-2 rounded-full bg-warn-tint px-3 py-1 text-sm font-medium text-warn">
          <Icon name="cycle" className="size-4 animate-spin" />
          Re-authenticating {harnessName(harness)}
        </span>
      )}
    </div>
  )
}

function Queue({ messages }: Pick<Run, 'messages'>) {
  const queued = messages.filter(({ state }) => state === 'queued')
  if (queued.length === 0) return null
  return (
    <ul aria-label="Queued messages" className="grid max-h-40 gap-1 overflow-y-auto">
      {queued.map(({ id, text, reason }) => (
        <li key={id} className="flex items-center gap-2 rounded-lg bg-sunken px-3 py-1.5 text-sm">
          <Icon name="clock" className="size-4 text-soft" />
          <span className="min-w-0 flex-1 truncate">{text}</span>
          <span className="text-xs text-soft">queued{reason !== '' && `: ${reason}`}</span>
        </li>
      ))}
    </ul>
  )
}

// The text stays until the server has it. Tried again, it is the same message.
function useSending(id: string) {
  const [text, setKept] = useState(draftOf(id))
  const setText = (typed: string) => {
    keepDraft(id, typed)
    setKept(typed)
  }
  const named = useRef({ text: '', message: '' })
  const send = useChange('runs.send', () => {
    setText('')
    named.current = { text: '', message: '' }
  })
  const submit = () => {
    if (send.isPending) return
    if (named.current.text !== text) named.current = { text, message: `msg_${crypto.randomUUID()}` }
    send.mutate({ id, text, message: named.current.message })
  }
  return { text, setText, submit, send }
}

function isSend(event: KeyboardEvent): boolean {
  if (event.key !== 'Enter' || event.nativeEvent.isComposing) return false
  if (event.ctrlKey || event.metaKey) return true
  // A keyboard on glass has no Shift and Enter.
  return !event.shiftKey && !matchMedia('(pointer: coarse)').matches
}

// A field that is switched off loses the focus: whoever was writing gets it back.
function useFocusKept(isOff: boolean) {
  const field = useRef<HTMLTextAreaElement>(null)
  const hadFocus = useRef(false)
  useEffect(() => {
    if (isOff) return
    if (hadFocus.current && document.activeElement === document.body) field.current?.focus()
    const watch = () => {
      hadFocus.current = document.activeElement === field.current
    }
    watch()
    document.addEventListener('focusin', watch)
    return () => document.removeEventListener('focusin', watch)
  }, [isOff])
  return field
}
