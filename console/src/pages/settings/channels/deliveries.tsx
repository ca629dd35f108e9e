// What was delivered to a channel lately, and what became of it.

import { Link } from '@tanstack/react-router'
import { OutsideLink } from '../../../ui/button.tsx'
import { RelativeTime } from '../../../ui/time.tsx'
import { Things, What } from '../parts/things.tsx'
import type { ChannelDetail } from './types.ts'

const OUTCOMES: Readonly<Record<string, string>> = {
  started: 'a run began',
  continued: 'a run went on',
  refused: 'refused',
  ended: 'a run was ended',
  nothing: 'asked for nothing',
  failed: 'failed',
  '': 'waits',
}

export function Deliveries({ channel: { name, deliveries } }: { channel: ChannelDetail }) {
  return (
    <div className="grid gap-2">
      <h3 className="text-sm font-semibold">Delivered lately</h3>
      <Things
        label={`Delivered to ${name}`}
        things={deliveries}
        error={null}
        keyOf={({ receivedAt, author, url }) => `${receivedAt} ${author} ${url}`}
        line={({ receivedAt, author, url, outcome, reason, run }) => (
          <What name={author === '' ? 'Somebody' : author}>
            <RelativeTime time={receivedAt} />
            <span>{OUTCOMES[outcome] ?? outcome}</span>
            {reason !== '' && <span>{reason}</span>}
            {url !== null && <OutsideLink href={url}>conversation</OutsideLink>}
            {run !== null && (
              <Link to="/runs/$id" params={{ id: run }} className="underline underline-offset-2">
                run
              </Link>
            )}
          </What>
        )}
      />
    </div>
  )
}
