// A terminal that wants to be let in: which one, and yes or no.

import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { Output } from '../../../../src/api/schemas.ts'
import { api } from '../../api/client.ts'
import { useOnce } from '../../api/once.ts'
import { useSession } from '../../api/people.ts'
import { Button, ButtonLink } from '../../ui/button.tsx'
import { Actions } from '../../ui/dialog.tsx'
import { Facts } from '../../ui/facts.tsx'
import { TextField } from '../../ui/field.tsx'
import { Callout, Notice } from '../../ui/notice.tsx'
import { RelativeTime } from '../../ui/time.tsx'
import { SkeletonLines } from '../../ui/waiting.tsx'
import { Frame } from './frame.tsx'

const route = getRouteApi('/device')

export function DevicePage() {
  const { code } = route.useSearch()
  return (
    <Frame title="Sign a terminal in">
      {code === undefined ? <CodeForm /> : <Waiting userCode={code} />}
    </Frame>
  )
}

function CodeForm() {
  const [code, setCode] = useState('')
  const navigate = useNavigate()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void navigate({ to: '/device', search: { code: code.trim() } })
  }
  return (
    <form onSubmit={submit} className="grid gap-4">
      <TextField
        label="Code"
        hint="As claviger login shows it in your terminal."
        placeholder="XXXX-XXXX"
        autoComplete="off"
        spellCheck={false}
        required
        className="font-mono tracking-widest uppercase"
        value={code}
        onChange={(event) => setCode(event.target.value)}
      />
      <Button type="submit" kind="primary">
        Go on
      </Button>
    </form>
  )
}

function Waiting({ userCode }: { userCode: string }) {
  const terminal = useQuery({
    queryKey: ['device.describe', userCode],
    queryFn: () => api.call('device.describe', { userCode }),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (terminal.data !== undefined) return <Deciding terminal={terminal.data} />
  if (terminal.isPending) return <SkeletonLines lines={4} />
  return (
    <>
      <Notice error={terminal.error} />
      <ButtonLink to="/device">Type a code</ButtonLink>
    </>
  )
}

function Deciding({ terminal }: { terminal: Output<'device.describe'> }) {
  const { person, organization } = useSession()
  const { userCode, client, address, createdAt } = terminal
  const decide = useOnce({
    mutationFn: (name: 'device.approve' | 'device.deny') => api.call(name, { userCode }),
  })
  if (decide.isSuccess) {
    const isIn = decide.variables === 'device.approve'
    return (
      <Callout tone={isIn ? 'good' : 'info'}>
        <p>{isIn ? `${client} is signed in. You can close this page.` : `${client} was turned away.`}</p>
      </Callout>
    )
  }
  return (
    <>
      <p className="text-sm">
        It will act as <b>{person.email}</b> in <b>{organization.name}</b>. Let it in only if you see this
        code in your own terminal.
      </p>
      <p className="text-center font-mono text-2xl tracking-widest">{userCode}</p>
      <Facts
        facts={[
          ['Terminal', client],
          ['Asked from', address],
          ['Asked', <RelativeTime key="asked" time={createdAt} />],
        ]}
      />
      <Notice error={decide.error} />
      <Actions>
        <Button disabled={decide.isPending} onClick={() => decide.mutate('device.deny')}>
          Turn it away
        </Button>
        <Button kind="primary" busy={decide.isPending} onClick={() => decide.mutate('device.approve')}>
          Let it in
        </Button>
      </Actions>
    </>
  )
}
