// What can be done with a credential, by those who may.

import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { problemOf } from '../../../api/problem.ts'
import { useChange } from '../../../api/queries.ts'
import { Button, IconButton } from '../../../ui/button.tsx'
import { Menu } from '../../../ui/menu.tsx'
import { useToast } from '../../../ui/toast.tsx'
import { type TypeInfo, useTypes } from '../../../words/types.ts'
import type { Credential } from './about.tsx'
import { Again } from './again.tsx'
import { Deleting } from './deleting.tsx'
import { Describing } from './describing.tsx'
import { Linking } from './link.tsx'
import { Moving } from './moving.tsx'
import { Renaming } from './renaming.tsx'
import { Replacing } from './replacing.tsx'
import { TestResult } from './test-result.tsx'

type What = 'again' | 'replace' | 'link' | 'rename' | 'describe' | 'move' | 'delete'

const DIALOGS = {
  rename: Renaming,
  describe: Describing,
  move: Moving,
  link: Linking,
  delete: Deleting,
} as const

// Nothing but another value helps.
const NEED_ANOTHER: readonly string[] = ['needs_login', 'rejected']

export function Doing({ credential }: { credential: Credential }) {
  // An address may lead right to signing in: from a run that waits for it.
  const search: Record<string, unknown> = { ...useSearch({ strict: false }) }
  const navigate = useNavigate()
  const [doing, setDoing] = useState<What | null>(search['do'] === 'sign-in' ? 'again' : null)
  const type = useTypes().find((one) => one.type === credential.type)
  if (!credential.may.manage || type === undefined) return null
  const isLogin = type.entry === 'sign-in'
  const isBad = NEED_ANOTHER.includes(credential.state)
  const close = () => {
    setDoing(null)
    if ('do' in search)
      void navigate({ to: '/credentials/$id', params: { id: credential.id }, replace: true })
  }
  const Asked = doing === null || doing === 'again' || doing === 'replace' ? null : DIALOGS[doing]
  return (
    <div className="flex flex-wrap items-center gap-2">
      <TestNow credential={credential} type={type} />
      {isLogin ? (
        <Button icon="key" {...(isBad && { kind: 'primary' })} onClick={() => setDoing('again')}>
          Sign in again…
        </Button>
      ) : (
        <Button icon="key" {...(isBad && { kind: 'primary' })} onClick={() => setDoing('replace')}>
          Replace value…
        </Button>
      )}
      <Menu
        trigger={<IconButton label="What to do with it" icon="dots" />}
        groups={[
          isLogin
            ? [{ label: 'Link to sign in again…', icon: 'copy', onChoose: () => setDoing('link') }]
            : [],
          [
            { label: 'Rename…', onChoose: () => setDoing('rename') },
            { label: 'Description…', onChoose: () => setDoing('describe') },
            { label: 'Move to another owner…', onChoose: () => setDoing('move') },
          ],
          [{ label: 'Delete…', icon: 'cross', danger: true, onChoose: () => setDoing('delete') }],
        ]}
      />
      {Asked !== null && <Asked credential={credential} onClose={close} />}
      {doing === 'replace' && <Replacing credential={credential} type={type} onClose={close} />}
      {doing === 'again' && isLogin && <Again credential={credential} type={type} onClose={close} />}
    </div>
  )
}

function TestNow({ credential: { id, name }, type }: { credential: Credential; type: TypeInfo }) {
  const say = useToast()
  const test = useChange('credentials.test', ({ result }) => result === 'works' && say(`${name} works.`))
  if (!type.testable && type.entry !== 'sign-in') return null
  return (
    <>
      <Button icon="play" busy={test.isPending} onClick={() => test.mutate({ id })}>
        Test now
      </Button>
      <TestResult
        found={test.data ?? null}
        error={test.error === null ? null : problemOf(test.error)}
        onClose={test.reset}
      />
    </>
  )
}
