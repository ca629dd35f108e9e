// What the palette finds: places and things to do, which are known here, and what the server knows by a name.

import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useSession } from '../api/people.ts'
import { useRead } from '../api/queries.ts'
import type { IconName } from '../ui/icons.tsx'
import { mayReadAudit } from '../words/roles.ts'
import { placesFor, SETTINGS } from './places.ts'
import { chooseTheme } from './theme.ts'

export interface Entry {
  readonly id: string
  readonly label: string
  readonly icon: IconName
  /** What kind of thing it is. */
  readonly about?: string
  readonly keys?: string
  readonly run: () => void
}

// Of each kind.
const AT_MOST = 6
// The server keeps no list of runs by their words: these, the newest, are looked through.
const RUNS = 200
// Milliseconds between two letters.
const PAUSE = 200

/** Places and things to do, for whoever is signed in. */
export function useEntries(onKeys: () => void): readonly Entry[] {
  const { role } = useSession().person
  const navigate = useNavigate()
  const settings = SETTINGS.map(({ id, title }): Entry => {
    const run = () => void navigate({ to: '/settings/$part', params: { part: id } })
    return { id: `settings ${id}`, label: `Settings: ${title}`, icon: 'settings', run }
  })
  const add = () => void navigate({ to: '/credentials/new' })
  const start = () => void navigate({ to: '/runs', search: { start: 'yes' } })
  return [
    ...placesFor(role).map(({ to, title, icon, key }): Entry => {
      return { id: to, label: `Go to ${title}`, icon, keys: `g ${key}`, run: () => void navigate({ to }) }
    }),
    ...(role === 'auditor'
      ? []
      : [
          { id: 'start', label: 'Start a run', icon: 'plus', run: start } as const,
          { id: 'add', label: 'Add a credential', icon: 'plus', run: add } as const,
        ]),
    ...settings,
    { id: 'light', label: 'Light look', icon: 'sun', run: () => chooseTheme('light') },
    { id: 'dark', label: 'Dark look', icon: 'moon', run: () => chooseTheme('dark') },
    { id: 'system', label: 'Look as the system', icon: 'settings', run: () => chooseTheme('system') },
    { id: 'keys', label: 'Keys of the console', icon: 'question', keys: '?', run: onKeys },
  ]
}

/** What the server knows by this name; nothing for fewer than two letters. */
export function useNamed(text: string): { readonly named: readonly Entry[]; readonly isLooking: boolean } {
  const asked = useSettled(text.trim())
  const navigate = useNavigate()
  const { role } = useSession().person
  const enabled = asked.length > 1
  const forManagers = { enabled: enabled && mayReadAudit(role) }
  const search = asked.slice(0, 100)
  const credentials = useRead('credentials.list', { search, limit: AT_MOST }, { enabled })
  const runs = useRead('runs.list', { limit: RUNS }, { enabled })
  const members = useRead('members.list', { search, limit: AT_MOST }, forManagers)
  const teams = useRead('teams.list', { search, limit: AT_MOST }, forManagers)
  const agents = useRead('agents.list', {}, forManagers)
  const workers = useRead('workers.list', {}, forManagers)
  const isLooking = text.trim() !== asked || [credentials, runs].some((one) => one.isLoading)
  if (!enabled) return { named: [], isLooking }
  const toSettings = (part: string) => () => void navigate({ to: '/settings/$part', params: { part } })
  const named = (kind: string, about: string, icon: IconName, names: readonly string[], run: () => void) =>
    names
      .filter((label) => fits(label, asked))
      .slice(0, AT_MOST)
      .map((label): Entry => ({ id: `${kind} ${label}`, label, about, icon, run }))
  const found: readonly Entry[] = [
    ...(credentials.data?.credentials ?? []).map(({ id, name }): Entry => {
      const run = () => void navigate({ to: '/credentials/$id', params: { id } })
      return { id, label: name, about: 'Credential', icon: 'key', run }
    }),
    ...(runs.data?.runs ?? [])
      .filter(({ title, id }) => fits(`${title} ${id}`, asked))
      .slice(0, AT_MOST)
      .map(({ id, title }): Entry => {
        const run = () => void navigate({ to: '/runs/$id', params: { id } })
        return { id, label: title === '' ? id : title, about: 'Run', icon: 'runs', run }
      }),
    ...(members.data?.members ?? []).map(({ id, name, email }): Entry => {
      return {
        id,
        label: `${name} (${email})`,
        about: 'Person',
        icon: 'settings',
        run: toSettings('organization'),
      }
    }),
    ...named(
      'team',
      'Team',
      'settings',
      teams.data?.teams.map(({ team }) => team) ?? [],
      toSettings('organization'),
    ),
    ...named(
      'agent',
      'Agent',
      'settings',
      agents.data?.agents.map(({ name }) => name) ?? [],
      toSettings('machines'),
    ),
    ...named(
      'worker',
      'Worker',
      'settings',
      workers.data?.workers.map(({ name }) => name) ?? [],
      toSettings('machines'),
    ),
  ]
  return { named: found, isLooking }
}

/** Whether every word of what was typed is in it. */
export function fits(label: string, typed: string): boolean {
  const words = typed.toLowerCase().split(/\s+/)
  return words.every((word) => label.toLowerCase().includes(word))
}

function useSettled(text: string): string {
  const [settled, settle] = useState(text)
  useEffect(() => {
    const timer = setTimeout(settle, PAUSE, text)
    return () => clearTimeout(timer)
  }, [text])
  return settled
}
