// What ends when, of what renewing cannot move.

import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { LineOfTime } from '../../ui/charts/line-of-time.tsx'
import { Section } from '../../ui/page.tsx'
import { useNow } from '../../ui/time.tsx'
import { useOwnerWords } from '../../words/owner.ts'
import { useIsLogin } from '../../words/types.ts'
import type { Overview } from './seen.ts'
import { SignInAgain } from './sign-in-again.tsx'

const FIRST = 10

export function Ends({ ends }: { ends: Overview['ends'] }) {
  const ownerWords = useOwnerWords()
  const isLogin = useIsLogin()
  const now = useNow()
  const [isWhole, setWhole] = useState(false)
  const shown = isWhole ? ends : ends.slice(0, FIRST)
  return (
    <Section title="What ends when">
      {ends.length === 0 ? (
        <p className="text-sm text-soft">Nothing you look after has an end that is known.</p>
      ) : (
        <LineOfTime
          label="Ends, the soonest first"
          now={now}
          ends={shown.map(({ credential: { id, name, owner, type }, at, estimated, sentence, manage }) => ({
            ...{ id, at, isEstimated: estimated, sentence },
            action: manage && isLogin(type) && <SignInAgain id={id} name={name} />,
            name: (
              <span className="min-w-0">
                <Link
                  to="/credentials/$id"
                  params={{ id }}
                  className="font-medium wrap-anywhere underline underline-offset-2"
                >
                  {name}
                </Link>{' '}
                <span className="text-soft">{ownerWords(owner)}</span>
              </span>
            ),
          }))}
        />
      )}
      {shown.length < ends.length && (
        <div>
          <Button kind="quiet" onClick={() => setWhole(true)}>
            Show {ends.length - shown.length} more
          </Button>
        </div>
      )}
    </Section>
  )
}
