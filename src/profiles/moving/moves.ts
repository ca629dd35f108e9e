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

export interface Moves {
  /** Tells these profiles apart from every other place that keeps credentials. */
  holder(): Promise<string>
  /** Those that are not here again. */
  moved(): Promise<readonly Moved[]>
  note(moved: Moved): Promise<void>
  /** What was there is here again, whatever it is called, or is gone for good. */
  cameBack(from: Whereabouts): Promise<void>
}

const MOVED = 'moved:'

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
      for (const [fact, text] of Object.entries(await installation.beginningWith(MOVED)))
        if (isAt(JSON.parse(text), from)) await installation.remove(fact)
    },
    note: (moved) => installation.put(movedFact(moved.profile), JSON.stringify(moved)),
  }
}

function isAt(moved: Moved, { server, name, organization, credential }: Whereabouts): boolean {
  if (moved.organization === undefined || moved.credential === undefined)
    return moved.server === server && moved.name === name
  return moved.organization === organization && moved.credential === credential
}
