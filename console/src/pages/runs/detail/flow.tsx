// The flow of a conversation. All of it is text: what a model, a tool or a provider says makes no markup. What a model writes
// is shaped as far as markdown.tsx goes.

import { type ComponentType, lazy, memo, type ReactNode, Suspense, useEffect, useRef, useState } from 'react'
import { Badge, StatePill } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { Icon, type IconName } from '../../../ui/icons.tsx'
import { Callout } from '../../../ui/notice.tsx'
import { exactWords } from '../../../ui/time.tsx'
import type { Entry, Message } from './conversation.ts'
import { ToolUse } from './tool-use.tsx'

// So many are drawn, the latest; the others when they are asked for.
const DRAWN = 300

export interface FlowProps {
  readonly entries: readonly Entry[]
  readonly messages: readonly Message[]
  /** The state that is shown below the flow: it is not said twice. */
  readonly statePosition: number | null
  /** What comes after the last entry. */
  readonly children: ReactNode
}

export function Flow({ entries, messages, statePosition, children }: FlowProps) {
  const [drawn, setDrawn] = useState(DRAWN)
  const scroller = useFollowedEnd(entries)
  const texts = new Map(messages.map(({ id, text }) => [id, text]))
  const earlier = entries.length - drawn
  return (
    <div
      ref={scroller}
      role="log"
      aria-label="Conversation"
      // Keys scroll it.
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls has to be reached by keyboard
      tabIndex={0}
      className="min-h-0 flex-1 overflow-y-auto overscroll-contain -outline-offset-2"
    >
      <div className="grid grid-cols-[minmax(0,1fr)] content-start gap-3 p-4 sm:p-5">
        {earlier > 0 && (
          <div className="text-center">
            <Button kind="quiet" onClick={() => setDrawn(drawn + DRAWN)}>
              Show what was before ({earlier})
            </Button>
          </div>
        )}
        {entries
          .slice(-drawn)
          .map((entry) =>
            entry.position === statePosition ? null : (
              <One
                key={`${entry.position} ${entry.kind}`}
                entry={entry}
                text={entry.kind === 'message' ? (texts.get(entry.id) ?? null) : null}
              />
            ),
          )}
        {children}
      </div>
    </div>
  )
}

// Stays at the end while somebody is there; who reads further up is left where they are.
function useFollowedEnd(entries: readonly Entry[]) {
  const scroller = useRef<HTMLDivElement>(null)
  const isAtEnd = useRef(true)
  useEffect(() => {
    const element = scroller.current
    if (element === null) return
    const onScroll = () => {
      isAtEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 80
    }
    const stay = () => {
      if (isAtEnd.current) element.scrollTop = element.scrollHeight
    }
    const sizes = new ResizeObserver(stay)
    sizes.observe(element)
    if (element.firstElementChild !== null) sizes.observe(element.firstElementChild)
    element.addEventListener('scroll', onScroll, { passive: true })
    return () => {
      sizes.disconnect()
      element.removeEventListener('scroll', onScroll)
    }
  }, [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: it follows what is added
  useEffect(() => {
    const element = scroller.current
    if (element !== null && isAtEnd.current) element.scrollTop = element.scrollHeight
  }, [entries])
  return scroller
}

interface OneProps {
  readonly entry: Entry
  /** Of a message, once it is known. */
  readonly text: string | null
}

const One = memo(function One({ entry, text }: OneProps) {
  switch (entry.kind) {
    case 'message':
      return <Asked text={text} state={entry.state} reason={entry.reason} />
    case 'text':
      return <Words text={entry.text} />
    case 'reasoning':
      return <Thought text={entry.text} />
    case 'tool':
      return <ToolUse {...entry} />
    case 'credential':
      return <Served {...entry} />
    case 'state':
      return <Became {...entry} />
    case 'failure':
      return (
        <Callout tone="bad">
          <p className="whitespace-pre-wrap wrap-anywhere">{entry.text}</p>
        </Callout>
      )
    default:
      return <Line icon={entry.kind === 'retry' ? 'cycle' : 'explain'}>{entry.text}</Line>
  }
})

// Loaded when there is a conversation; when it cannot be, the text is shown as it is.
const Markdown = lazy(async (): Promise<{ default: ComponentType<{ text: string }> }> => {
  try {
    return { default: (await import('./markdown.tsx')).Markdown }
  } catch {
    return { default: Plain }
  }
})

function Words({ text }: { text: string }) {
  return (
    <div className="text-[0.9375rem]">
      <Suspense fallback={<Plain text={text} />}>
        <Markdown text={text} />
      </Suspense>
    </div>
  )
}

function Plain({ text }: { text: string }) {
  return <div className="max-w-prose whitespace-pre-wrap wrap-anywhere">{text}</div>
}

interface AskedProps {
  readonly text: string | null
  readonly state: Message['state']
  readonly reason: string
}

/** What somebody wrote. */
function Asked({ text, state, reason }: AskedProps) {
  return (
    <div className="grid max-w-[85%] justify-items-end gap-1 justify-self-end">
      <div className="min-h-9 min-w-12 rounded-2xl rounded-br-sm bg-accent-tint px-3.5 py-1.5 text-[0.9375rem] whitespace-pre-wrap wrap-anywhere">
        <span className="sr-only">You: </span>
        {text}
      </div>
      {state === 'failed' && (
        <span className="flex items-center gap-1.5 text-xs text-bad">
          <Icon name="warning" className="size-3.5" />
          Not answered{reason !== '' && `: ${reason}`}
        </span>
      )}
    </div>
  )
}

function Thought({ text }: { text: string }) {
  return (
    <details className="max-w-prose text-sm text-soft">
      <summary className="w-fit cursor-pointer rounded px-1 py-1">Thinking</summary>
      <div className="border-l-2 py-1 pl-3 whitespace-pre-wrap wrap-anywhere">{text}</div>
    </details>
  )
}

function Line({ icon, children }: { icon: IconName; children: ReactNode }) {
  return (
    <div className="flex items-start gap-2 text-sm text-soft">
      <Icon name={icon} className="mt-0.5 size-4" />
      <div className="min-w-0 whitespace-pre-wrap wrap-anywhere">{children}</div>
    </div>
  )
}

function Served({ credential, reason, became, at }: Extract<Entry, { kind: 'credential' }>) {
  return (
    <div
      title={exactWords(at)}
      className="flex flex-wrap items-center gap-x-2 gap-y-1 rounded-lg border border-dashed px-3 py-2 text-sm"
    >
      <Icon name="key" className="size-4 text-soft" />
      <span className="text-soft">{became === 'first' ? 'Served by' : 'Goes on with'}</span>
      {credential === null ? (
        <span className="font-medium">the login of the machine</span>
      ) : (
        <>
          <span className="font-medium wrap-anywhere">{credential.name}</span>
          <span className="font-mono text-xs text-soft">
            {credential.type}
            {credential.suffix !== '' && ` …${credential.suffix}`}
          </span>
        </>
      )}
      {became === 'switched' && <Badge icon="cycle">switched</Badge>}
      {reason !== '' && (
        <span className="block w-full text-xs text-soft wrap-anywhere first-letter:uppercase">{reason}</span>
      )}
    </div>
  )
}

function Became({ state, reason, at }: Extract<Entry, { kind: 'state' }>) {
  // Its reason is the words of the pill.
  if (state === 'reauthenticating') return <Line icon="pause">Paused: {reason}</Line>
  return (
    <div title={exactWords(at)} className="flex flex-wrap items-center gap-2 text-xs text-soft">
      <StatePill state={state} />
      <span className="min-w-0 wrap-anywhere">{reason}</span>
    </div>
  )
}
