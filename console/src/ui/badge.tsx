// States as a word and a shape, so that they can be told apart without colour. The words are the API's.

import { Icon, type IconName } from './icons.tsx'

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'plain'

const LOOK: Readonly<Record<Tone, string>> = {
  good: 'bg-good-tint text-good',
  warn: 'bg-warn-tint text-warn',
  bad: 'bg-bad-tint text-bad',
  info: 'bg-info-tint text-info',
  plain: 'bg-sunken text-soft',
}

export function Badge({
  tone = 'plain',
  icon,
  children,
}: {
  tone?: Tone
  icon?: IconName
  children: string
}) {
  return (
    <span
      className={`inline-flex max-w-full items-center gap-1.5 rounded-full px-2.5 py-0.5 text-xs font-medium ${LOOK[tone]}`}
    >
      {icon !== undefined && <Icon name={icon} className="size-3.5" />}
      <span className="truncate">{children}</span>
    </span>
  )
}

const STATES: Readonly<Record<string, { tone: Tone; icon: IconName }>> = {
  // of credentials
  ok: { tone: 'good', icon: 'check' },
  expiring: { tone: 'warn', icon: 'clock' },
  refreshing: { tone: 'info', icon: 'cycle' },
  cooling_down: { tone: 'warn', icon: 'pause' },
  rejected: { tone: 'bad', icon: 'cross' },
  needs_login: { tone: 'bad', icon: 'key' },
  quarantined: { tone: 'warn', icon: 'question' },
  blocked: { tone: 'bad', icon: 'stop' },
  // of runs
  queued: { tone: 'plain', icon: 'clock' },
  booting: { tone: 'info', icon: 'cycle' },
  ready: { tone: 'good', icon: 'check' },
  working: { tone: 'info', icon: 'play' },
  reauthenticating: { tone: 'warn', icon: 'cycle' },
  waiting_for_credentials: { tone: 'warn', icon: 'key' },
  hibernated: { tone: 'plain', icon: 'moon' },
  failed: { tone: 'bad', icon: 'warning' },
  cancelled: { tone: 'plain', icon: 'cross' },
  done: { tone: 'plain', icon: 'check' },
}

/** The state of a credential, a run or a worker. One that is not known is shown as it is. */
export function StatePill({ state }: { state: string }) {
  const { tone, icon } = STATES[state] ?? { tone: 'plain' as const, icon: 'question' as const }
  return (
    <Badge tone={tone} icon={icon}>
      {stateWords(state)}
    </Badge>
  )
}

/** `needs_login` as people read it. */
export function stateWords(state: string): string {
  return state.replaceAll('_', ' ')
}
