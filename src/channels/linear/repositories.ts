// Which repository belongs to an issue. Linear has none: the channel says so, for all its teams or for each by its key.

import type { Checkout } from '../../domain/channels/call.ts'

// Nobody's name in it, nothing that a shell, git or URL parsers read in another way.
const PLACE = 'https://[A-Za-z0-9.-]+(?::[0-9]+)?/[A-Za-z0-9._~/-]+'

export const ONE_REPOSITORY = new RegExp(`^${PLACE}$`)

const PAIR = `[A-Za-z][A-Za-z0-9]*=${PLACE}`

export const REPOSITORIES_OF_TEAMS = new RegExp(`^${PAIR}(?:[\\s,]+${PAIR})*$`)

/** What is cloned for an issue of this team; null: nothing belongs to it. */
export function checkoutOf(settings: Readonly<Record<string, string>>, team: string): Checkout | null {
  const pairs = (settings['repositories'] ?? '').split(/[\s,]+/).map((pair) => pair.split('='))
  const ofTeam = pairs.find(([key = '']) => key !== '' && key.toLowerCase() === team.toLowerCase())?.[1]
  const url = ofTeam ?? settings['repository'] ?? ''
  if (url === '') return null
  const name = new URL(url).pathname.replace(/^\/+|\/+$|\.git\/*$/g, '')
  // Linear opens none: workers are to ask for no access, and reach it by themselves or not at all.
  return { repository: { id: `linear:${url}`, name, url, isPrivate: false }, ref: null, pull: null }
}
