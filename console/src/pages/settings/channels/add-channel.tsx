// Adds a channel: an app that the platform makes, or what somebody enters.

import { useState } from 'react'
import { Choice } from '../../../ui/fields/choice.tsx'
import { Callout } from '../../../ui/notice.tsx'
import { ByHand } from './by-hand.tsx'
import { Guided } from './guided.tsx'
import type { Channel, ChannelKind } from './types.ts'

const WAYS = [
  {
    ...({ value: 'guided', label: 'GitHub makes an App' } as const),
    about: 'You agree on its page, and come back. Nothing has to be copied.',
  },
  {
    ...({ value: 'by-hand', label: 'By hand' } as const),
    about: 'You enter the keys of an App that there is, or a token.',
  },
]

interface AddProps {
  readonly kind: ChannelKind
  readonly onMade: (channel: Channel) => void
}

export function AddChannel({ kind, onMade }: AddProps) {
  const [way, setWay] = useState<(typeof WAYS)[number]['value']>('guided')
  return (
    <>
      {!kind.isReachable && (
        <Callout tone="warn">
          <p className="font-medium">{kind.title} cannot reach this server.</p>
          <p className="wrap-anywhere">
            It would deliver to {kind.deliverTo}, an address of the machine that the server runs on. Whoever
            runs the server sets CLAVIGER_PUBLIC_URL to one that is reached from outside, before anything is
            made there.
          </p>
        </Callout>
      )}
      {kind.makesApps && <Choice label="How" options={WAYS} value={way} onChoose={setWay} />}
      {kind.makesApps && way === 'guided' ? <Guided kind={kind} /> : <ByHand kind={kind} onMade={onMade} />}
    </>
  )
}
