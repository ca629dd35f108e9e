// Where profiles have gone that were pushed to a server, and what this place is called by servers that hand some out.

import type { Store } from '../../store/store.ts'

/** A profile that is kept by a server now. */
export interface Moved {
  readonly profile: string
  /** The address of the server, and what the credential is called there, for people. */
  readonly server: string
  readonly name: string
  /** Milliseconds since 1970. */
  readonly at: number
}

export interface Moves {
  /** Tells these profiles apart from every other place that keeps credentials. */
  holder(): Promise<string>
  /** Those that are not here again. */
  moved(): Promise<readonly Moved[]>
  note(moved: Moved): Promise<void>
  /** What has this name on that server is here again, whatever it is called. */
  cameBack(from: Pick<Moved, 'server' | 'name'>): Promise<void>
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
    async cameBack({ server, name }) {
      for (const [fact, text] of Object.entries(await installation.beginningWith(MOVED))) {
        const moved = JSON.parse(text) as Moved
        if (moved.server === server && moved.name === name) await installation.remove(fact)
      }
    },
    note: (moved) => installation.put(movedFact(moved.profile), JSON.stringify(moved)),
  }
}
