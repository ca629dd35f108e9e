// Where profiles have gone that were pushed to a server, and what this place is called by servers that hand some out.

import type { Store } from '../../store/store.ts'

/** A credential on a server. */
export interface Whereabouts {
  /** The address of the server, of which it may have several, and what the credential is called there, for people. */
  readonly server: string
  readonly name: string
  /** By which both are known. What was noted by an older version has neither. */
  readonly organization?: string
  readonly credential?: string
}

/** A profile that is kept by a server now. */
export interface Moved extends Whereabouts {
  readonly profile: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/** A place in the order that profiles had. */
export interface Place {
  /** What it was called. */
  readonly was: string
  /** The whole order, by the names of profiles. */
  readonly before: readonly string[]
}

export interface Moves {
  /** Tells these profiles apart from every other place that keeps credentials. */
  holder(): Promise<string>
  /** Those that are not here again. */
  moved(): Promise<readonly Moved[]>
  note(moved: Moved): Promise<void>
  /** What was there is here again, whatever it is called, or is gone for good. */
  cameBack(from: Whereabouts): Promise<void>
  /** Keeps the place that a profile which is about to go has in this order; null: it has none. */
  keepPlace(profile: string, order: readonly string[] | null): Promise<void>
  /** The place that is kept for what is there; null: none. */
  placeOf(from: Whereabouts): Promise<Place | null>
  /** Keeps no place among profiles of this provider any more. */
  forgetPlaces(provider: string): Promise<void>
}

const MOVED = 'moved:'
const PLACE = 'place:'

/** The name of the fact that a profile was pushed. */
export function movedFact(profile: string): string {
  return `${MOVED}${profile}`
}

/** Over the store of the agent; `create` makes an id that nobody has. */
export function createMoves(
  { installation, credentials }: Store,
  organizationId: string,
  create: () => string,
): Moves {
  const movedTo = async (from: Whereabouts) =>
    Object.values(await installation.beginningWith(MOVED))
      .map((fact) => JSON.parse(fact) as Moved)
      .filter((moved) => isAt(moved, from))
  return {
    holder: () => installation.putIfAbsent('holder', create()),
    async moved() {
      const facts = await installation.beginningWith(MOVED)
      const rows = await credentials.list(organizationId, {}, { limit: 1000 })
      const here = new Set(rows.map(({ name }) => name))
      return Object.values(facts)
        .map((fact) => JSON.parse(fact) as Moved)
        .filter(({ profile }) => !here.has(profile))
    },
    async cameBack(from) {
      for (const { profile } of await movedTo(from)) {
        await installation.remove(PLACE + profile)
        await installation.remove(movedFact(profile))
      }
    },
    keepPlace: (was, before) =>
      before === null
        ? installation.remove(PLACE + was)
        : installation.put(PLACE + was, JSON.stringify({ was, before } satisfies Place)),
    async placeOf(from) {
      for (const { profile } of await movedTo(from)) {
        const text = await installation.get(PLACE + profile)
        if (text !== undefined) return JSON.parse(text)
      }
      return null
    },
    async forgetPlaces(provider) {
      for (const fact of Object.keys(await installation.beginningWith(`${PLACE}${provider}:`)))
        await installation.remove(fact)
    },
    note: (moved) => installation.put(movedFact(moved.profile), JSON.stringify(moved)),
  }
}

function isAt(moved: Moved, { server, name, organization, credential }: Whereabouts): boolean {
  if (moved.organization === undefined || moved.credential === undefined)
    return moved.server === server && moved.name === name
  return moved.organization === organization && moved.credential === credential
}
