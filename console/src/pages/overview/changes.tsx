// What changed lately, as far as one may know.

import { Section } from '../../ui/page.tsx'
import { RelativeTime } from '../../ui/time.tsx'
import type { Overview } from './seen.ts'

/** Nothing where nothing has. */
export function Changes({ changes }: { changes: Overview['changes'] }) {
  if (changes.length === 0) return null
  return (
    <Section title="What changed lately">
      <ul className="grid gap-2 text-sm">
        {changes.map(({ at, action, actor, object, sentence }) => (
          <li
            key={`${at} ${action} ${actor.id} ${object.id}`}
            className="flex flex-wrap justify-between gap-x-4"
          >
            <span className="min-w-0 wrap-anywhere">{sentence}</span>
            <span className="text-soft">
              <RelativeTime time={at} />
            </span>
          </li>
        ))}
      </ul>
    </Section>
  )
}
