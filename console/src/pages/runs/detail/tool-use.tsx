// A tool that the model used: one line, which opens.

import { useState } from 'react'
import { Badge } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { Icon } from '../../../ui/icons.tsx'
import type { Entry } from './conversation.ts'

// Characters; a tool may say very much.
const SHOWN = 8_000

// What says best what a tool is used for, in the words of both programs.
const TELLING = ['command', 'cmd', 'file_path', 'path', 'pattern', 'query', 'url', 'description', 'prompt']

export function ToolUse({ name, input, result }: Extract<Entry, { kind: 'tool' }>) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details
      className="min-w-0 rounded-lg border bg-sunken/50 text-sm"
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
    >
      <summary className="flex min-h-10 cursor-pointer list-none items-center gap-2 rounded-lg px-3 py-1.5 [&::-webkit-details-marker]:hidden">
        <Icon name="down" className={`size-3.5 text-soft ${isOpen ? '' : '-rotate-90'}`} />
        <span className="font-medium">{name}</span>
        <span className="min-w-0 flex-1 truncate font-mono text-xs text-soft">{aboutOf(input)}</span>
        <Outcome result={result} />
      </summary>
      {isOpen && (
        <div className="grid grid-cols-[minmax(0,1fr)] gap-2 border-t px-3 py-2">
          <Part label="Asked" text={pretty(input)} />
          {result !== null && <Part label="Answered" text={result.output} />}
        </div>
      )}
    </details>
  )
}

function Outcome({ result }: Pick<Extract<Entry, { kind: 'tool' }>, 'result'>) {
  if (result === null)
    return (
      <Badge tone="info" icon="cycle">
        running
      </Badge>
    )
  return result.failed ? (
    <Badge tone="bad" icon="cross">
      failed
    </Badge>
  ) : (
    <Badge tone="good" icon="check">
      done
    </Badge>
  )
}

function Part({ label, text }: { label: string; text: string }) {
  const [isWhole, setWhole] = useState(false)
  const shown = isWhole ? text : text.slice(0, SHOWN)
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-1">
      <div className="text-xs font-medium text-soft">{label}</div>
      {text === '' ? (
        <div className="text-xs text-soft">Nothing</div>
      ) : (
        <pre className="font-mono text-xs whitespace-pre-wrap wrap-anywhere">{shown}</pre>
      )}
      {shown.length < text.length && (
        <div>
          <Button kind="quiet" onClick={() => setWhole(true)}>
            Show all {text.length.toLocaleString('en')} characters
          </Button>
        </div>
      )}
    </div>
  )
}

function fieldsOf(input: string): Readonly<Record<string, unknown>> | null {
  if (!input.startsWith('{')) return null
  try {
    return JSON.parse(input) as Record<string, unknown>
  } catch {
    // It is shown, not understood: as it came.
    return null
  }
}

function aboutOf(input: string): string {
  const fields = fieldsOf(input)
  const telling = TELLING.map((name) => fields?.[name]).find((value) => typeof value === 'string')
  return String(telling ?? input).slice(0, 200)
}

function pretty(input: string): string {
  const fields = fieldsOf(input)
  return fields === null ? input : JSON.stringify(fields, null, 2)
}
