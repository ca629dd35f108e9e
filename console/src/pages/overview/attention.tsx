// Credentials that do not serve, or not for long: the worst first.

import { Link } from '@tanstack/react-router'
import { StatePill } from '../../ui/badge.tsx'
import { Section } from '../../ui/page.tsx'
import { useOwnerWords } from '../../words/owner.ts'
import { useIsLogin, useTypeWords } from '../../words/types.ts'
import type { Overview } from './seen.ts'
import { SignInAgain } from './sign-in-again.tsx'

// What signing in again mends.
const ENDED: readonly string[] = ['needs_login', 'expiring']

/** Nothing where nothing is wrong. */
export function Attention({ attention }: { attention: Overview['attention'] }) {
  const ownerWords = useOwnerWords()
  const typeWords = useTypeWords()
  const isLogin = useIsLogin()
  if (attention.length === 0) return null
  return (
    <Section title="Needs attention">
      <ul className="grid divide-y">
        {attention.map(({ id, name, owner, type, state, stateReason, may }) => (
          <li key={id} className="flex min-h-12 flex-wrap items-center gap-x-3 gap-y-1 py-2 text-sm">
            <StatePill state={state} />
            <Link
              to="/credentials/$id"
              params={{ id }}
              className="min-w-0 font-medium wrap-anywhere underline underline-offset-2"
            >
              {name}
            </Link>
            <span className="text-soft">
              {typeWords(type)}, {ownerWords(owner)}
            </span>
            {may.manage && isLogin(type) && ENDED.includes(state) && <SignInAgain id={id} name={name} />}
            {stateReason !== '' && <span className="w-full wrap-anywhere text-soft">{stateReason}</span>}
          </li>
        ))}
      </ul>
    </Section>
  )
}
