// Where one can go in the shell: the navigation, the palette and the keys come from this one list.

import type { IconName } from '../ui/icons.tsx'
import { mayReadAudit } from '../words/roles.ts'

export interface Place {
  readonly to: '/' | '/credentials' | '/runs' | '/explain' | '/audit' | '/settings'
  readonly title: string
  readonly icon: IconName
  /** Pressed after g. */
  readonly key: string
}

const PLACES: readonly Place[] = [
  { to: '/', title: 'Overview', icon: 'overview', key: 'o' },
  { to: '/credentials', title: 'Credentials', icon: 'key', key: 'c' },
  { to: '/runs', title: 'Runs', icon: 'runs', key: 'r' },
  { to: '/explain', title: 'Explain', icon: 'explain', key: 'e' },
  { to: '/audit', title: 'Audit', icon: 'audit', key: 'a' },
  { to: '/settings', title: 'Settings', icon: 'settings', key: 's' },
]

/** The parts of the settings, each with an address. */
export const SETTINGS = [
  { id: 'coding-agents', title: 'Coding agents' },
  { id: 'organization', title: 'Organization' },
  { id: 'channels', title: 'Channels' },
  { id: 'machines', title: 'Agents and workers' },
  { id: 'personal', title: 'Personal' },
] as const

/** The places for somebody of this role. */
export function placesFor(role: string): readonly Place[] {
  return PLACES.filter(({ to }) => to !== '/audit' || mayReadAudit(role))
}
