// Where people ask for work from: the channels of the organization.

import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { useSession } from '../../../api/people.ts'
import { useChange, useRead } from '../../../api/queries.ts'
import { Badge } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { Dialog } from '../../../ui/dialog.tsx'
import { Callout, Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { RelativeTime } from '../../../ui/time.tsx'
import { useToast } from '../../../ui/toast.tsx'
import { EmptyState } from '../../../ui/waiting.tsx'
import { mayManage } from '../../../words/roles.ts'
import { Remove } from '../parts/remove.tsx'
import { Things, What } from '../parts/things.tsx'
import { AddChannel } from './add-channel.tsx'
import { Made, NotMade } from './came-back.tsx'
import { OneChannel } from './channel.tsx'
import { accountWords, type Channel, type ChannelKind } from './types.ts'

const route = getRouteApi('/app/settings/$part')

export function ChannelSettings() {
  const { made, problem } = route.useSearch()
  const manages = mayManage(useSession().person.role)
  const found = useRead('channels.list', {})
  const [adds, setAdds] = useState<ChannelKind | null>(null)
  const [opened, setOpened] = useState<string | null>(null)
  const { channels, kinds = [] } = found.data ?? {}
  const open = channels?.find(({ id }) => id === opened)
  const kind = kinds.find((one) => one.kind === open?.kind)
  const isMade = channels?.find(({ name }) => name === made)
  const buttons = manages && <AddButtons kinds={kinds} onAdd={setAdds} />
  return (
    <div className="grid gap-5">
      {isMade !== undefined && <Made channel={isMade} />}
      {problem !== undefined && <NotMade problem={problem} />}
      {channels?.length === 0 ? (
        <EmptyState icon="runs" title="There are no channels yet" action={buttons}>
          <p>
            A channel lets people ask for work where they are: they mention Claviger in an issue or a pull
            request, and a run begins as theirs. What becomes of it stands in one comment there.
          </p>
          {!manages && <p>An admin adds them.</p>}
        </EmptyState>
      ) : (
        <Section title="Channels" actions={buttons}>
          <Things
            label="Channels"
            things={channels}
            error={found.error}
            keyOf={({ id }) => id}
            line={(channel) => (
              <Line
                channel={channel}
                title={kinds.find((one) => one.kind === channel.kind)?.title ?? channel.kind}
                onOpen={manages ? () => setOpened(channel.id) : undefined}
              />
            )}
          />
        </Section>
      )}
      <Dialog open={adds !== null} onClose={() => setAdds(null)} title={`Add ${adds?.title ?? ''}`}>
        {adds !== null && (
          <AddChannel
            kind={adds}
            onMade={({ id }) => {
              setAdds(null)
              setOpened(id)
            }}
          />
        )}
      </Dialog>
      <Dialog
        open={open !== undefined}
        onClose={() => setOpened(null)}
        title={`Channel ${open?.name ?? ''}`}
        wide
      >
        {open !== undefined && kind !== undefined && (
          <OneChannel id={open.id} kind={kind} onChanged={() => setOpened(null)} />
        )}
      </Dialog>
    </div>
  )
}

function AddButtons({ kinds, onAdd }: { kinds: readonly ChannelKind[]; onAdd: (kind: ChannelKind) => void }) {
  return (
    <div className="flex flex-wrap justify-center gap-2">
      {kinds.map((kind) => (
        <Button key={kind.kind} icon="plus" onClick={() => onAdd(kind)}>
          Add {kind.title}
        </Button>
      ))}
    </div>
  )
}

interface LineProps {
  readonly channel: Channel
  readonly title: string
  /** Undefined for those who may only see it. */
  readonly onOpen: (() => void) | undefined
}

function Line({ channel, title, onOpen }: LineProps) {
  const { id, name, settings, deliverTo, lastDeliveryAt, lastStatus, strangers, agent } = channel
  return (
    <>
      <What
        name={
          <>
            {name} <Badge>{title}</Badge>
          </>
        }
      >
        <span>@{settings['handle']}</span>
        <span>{accountWords(channel)}</span>
        <span>
          {lastDeliveryAt === null ? (
            'nothing was delivered yet'
          ) : (
            <>
              delivered <RelativeTime time={lastDeliveryAt} />
            </>
          )}
        </span>
        {lastStatus !== '' && <span>{lastStatus}</span>}
        <span>
          {strangers === 'refuse' ? 'others are refused' : `others are served by the agent ${agent ?? ''}`}
        </span>
        <span className="font-mono">{deliverTo}</span>
      </What>
      {onOpen !== undefined && (
        <div className="flex min-w-0 flex-wrap gap-2">
          <TestChannel id={id} name={name} />
          <Button aria-label={`Open ${name}`} onClick={onOpen}>
            Open
          </Button>
          <Remove
            operation="channels.remove"
            input={{ id }}
            verb="Remove"
            name={`the channel ${name}`}
            done={`The channel ${name} is removed.`}
          >
            <p>
              Mentions begin nothing any more, and its secrets are forgotten. Its runs stay, and are told of
              no more.
            </p>
          </Remove>
        </div>
      )}
    </>
  )
}

function TestChannel({ id, name }: { id: string; name: string }) {
  const say = useToast()
  const test = useChange('channels.test', ({ works, account }) => {
    if (works) say(`It works: over there it is ${account}.`)
  })
  return (
    <>
      <Button aria-label={`Test ${name}`} busy={test.isPending} onClick={() => test.mutate({ id })}>
        Test
      </Button>
      <Notice error={test.error} />
      {test.data?.works === false && (
        <div role="alert" className="w-full">
          <Callout tone="bad">
            <p className="font-medium">It does not work. {test.data.message}</p>
          </Callout>
        </div>
      )}
    </>
  )
}
