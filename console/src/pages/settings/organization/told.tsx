// What was told to webhooks lately, what became of it, and telling it again.

import { useState } from 'react'
import type { Output } from '../../../../../src/api/schemas.ts'
import { useChange, usePages, useRead } from '../../../api/queries.ts'
import { Badge, type Tone } from '../../../ui/badge.tsx'
import { Button } from '../../../ui/button.tsx'
import { Checkbox } from '../../../ui/field.tsx'
import type { IconName } from '../../../ui/icons.tsx'
import { Notice } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { RelativeTime } from '../../../ui/time.tsx'
import { useToast } from '../../../ui/toast.tsx'
import { eventWords } from '../../../words/events.ts'
import { More } from '../parts/more.tsx'
import { Things, What } from '../parts/things.tsx'

type Event = Output<'events.list'>['events'][number]
type Delivery = Event['deliveries'][number]

const PAGE = 20

// Milliseconds: what came of a try is told by nobody.
const ASK_EVERY = 3_000

export function Told({ manages }: { manages: boolean }) {
  const [isUndelivered, setUndelivered] = useState(false)
  const found = usePages(
    'events.list',
    { order: 'newest', limit: PAGE, ...(isUndelivered && { state: 'undelivered' }) },
    { everyMs: (pages) => (pages.some(({ events }) => events.some(isWaiting)) ? ASK_EVERY : false) },
  )
  const urls = useRead('webhooks.list', {}, { enabled: manages }).data?.webhooks ?? []
  return (
    <Section title="What webhooks were told">
      <Checkbox
        label="Only what some webhook has not taken"
        checked={isUndelivered}
        onChange={({ target }) => setUndelivered(target.checked)}
      />
      <Things
        label="Events"
        things={found.data?.pages.flatMap(({ events }) => events)}
        error={found.error}
        keyOf={({ id }) => id}
        line={(event) => (
          <>
            <Happened event={event} />
            {manages && <Again event={event} />}
            <ul aria-label={`Where ${event.id} was sent`} className="grid w-full gap-1 pl-3">
              {event.deliveries.map((delivery) => (
                <Sent
                  key={delivery.webhook}
                  delivery={delivery}
                  to={urls.find(({ id }) => id === delivery.webhook)?.url ?? delivery.webhook}
                />
              ))}
            </ul>
          </>
        )}
      />
      <More pages={found} what="events" />
    </Section>
  )
}

function isWaiting({ deliveries }: Event): boolean {
  return deliveries.some(({ state }) => state === 'waiting')
}

function Happened({ event: { type, credential, createdAt, reason, deliveries } }: { event: Event }) {
  return (
    <What name={`${eventWords(type)}: ${credential.name}`}>
      <RelativeTime time={createdAt} />
      {reason !== '' && <span>{reason}</span>}
      {deliveries.length === 0 && <span>no webhook wanted it</span>}
    </What>
  )
}

const LOOKS: Readonly<Record<Delivery['state'], { tone: Tone; icon: IconName; word: string }>> = {
  delivered: { tone: 'good', icon: 'check', word: 'taken' },
  waiting: { tone: 'info', icon: 'clock', word: 'waiting' },
  'given-up': { tone: 'bad', icon: 'cross', word: 'given up' },
}

function Sent({ delivery, to }: { delivery: Delivery; to: string }) {
  const { state, attempts, lastStatus, nextAt } = delivery
  const { tone, icon, word } = LOOKS[state]
  return (
    <li className="flex flex-wrap items-center gap-x-3 text-xs text-soft">
      <Badge tone={tone} icon={icon}>
        {word}
      </Badge>
      <span className="wrap-anywhere">{to}</span>
      {attempts > 0 && (
        <span>
          {attempts} {attempts === 1 ? 'try' : 'tries'}
          {lastStatus !== '' && `, last answer ${lastStatus}`}
        </span>
      )}
      {nextAt !== null && attempts > 0 && (
        <span>
          next <RelativeTime time={nextAt} />
        </span>
      )}
    </li>
  )
}

function Again({ event: { id, type, credential } }: { event: Event }) {
  const say = useToast()
  const replay = useChange('events.replay', ({ webhooks }) =>
    say(
      webhooks === 0
        ? 'There is no webhook that wants it.'
        : `It is sent again to ${webhooks} ${webhooks === 1 ? 'webhook' : 'webhooks'}.`,
    ),
  )
  return (
    <>
      <Button
        aria-label={`Send again: ${eventWords(type)}, ${credential.name}`}
        icon="cycle"
        busy={replay.isPending}
        onClick={() => replay.mutate({ id })}
      >
        Send again
      </Button>
      <Notice error={replay.error} />
    </>
  )
}
