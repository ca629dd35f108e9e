// What changed lately, as far as one may know.

import { Link } from '@tanstack/react-router'
import { Section } from '../../ui/page.tsx'
import { RelativeTime } from '../../ui/time.tsx'
import type { Overview } from './seen.ts'

type Change = Overview['changes'][number]

/** Nothing where nothing has. */
export function Changes({ changes }: { changes: Overview['changes'] }) {
  if (changes.length === 0) return null
  return (
    <Section title="What changed lately">
      <ul className="grid gap-2 text-sm">
        {together(changes).map(({ change, times }) => (
          <li key={keyOf(change)} className="flex flex-wrap justify-between gap-x-4">
            <span className="min-w-0 wrap-anywhere">
              <Sentence change={change} />
              {times > 1 && <span className="text-soft"> {times} times</span>}
            </span>
            <span className="text-soft">
              <RelativeTime time={change.at} />
            </span>
          </li>
        ))}
      </ul>
    </Section>
  )
}

// What happened again and again is one line, with its latest time.
function together(changes: readonly Change[]): { change: Change; times: number }[] {
  const lines: { change: Change; times: number }[] = []
  for (const change of changes) {
    const last = lines.at(-1)
    const isAgain = last?.change.sentence === change.sentence && last.change.object.id === change.object.id
    if (last !== undefined && isAgain) last.times += 1
    else lines.push({ change, times: 1 })
  }
  return lines
}

function keyOf({ at, action, actor, object }: Change): string {
  return `${at} ${action} ${actor.id} ${object.id}`
}

const PAGES: Readonly<Record<string, '/credentials/$id' | '/runs/$id'>> = {
  credential: '/credentials/$id',
  run: '/runs/$id',
}

/** It leads to what it is about, where that has a page. */
function Sentence({ change: { action, object, sentence } }: { change: Change }) {
  const to = PAGES[object.kind]
  if (to === undefined || action.endsWith('.delete')) return sentence
  return (
    <Link to={to} params={{ id: object.id }} className="underline decoration-edge underline-offset-2">
      {sentence}
    </Link>
  )
}
