// The group of signals: what one server lets all others know of. Part of the port, beside store.ts.

/**
 * What a signal is about. `grants`: another generation or login of a credential is current, or something has become of its
 * grant; the subject is its id. `holders`: whom a token or handle stands for may have changed; the subject is the id of
 * what did: a token, person, team, agent or worker, or the credential or run whose leases ended. `runs`: something has become of a
 * run; the subject is its id. `queue`: there is a run to claim; the subject is its organization.
 */
export type SignalTopic = 'holders' | 'grants' | 'runs' | 'queue'

export interface Signal {
  readonly topic: SignalTopic
  /** An id, or another short text: some 7,900 bytes at most. */
  readonly subject: string
}

/**
 * Must not throw. `missed`: the connection that carries signals was away, or is here for the first time; anything may
 * have happened before.
 */
export type SignalListener = (heard: Signal | 'missed') => void

/** Words between servers of one database: hints to look again, never the only way by which something becomes known. */
export interface SignalStore {
  /**
   * Reaches who listens on every server, this one included, once the unit is durable: never when it was taken back, at
   * least once otherwise unless the connection was away. Throws `too_large`.
   */
  send(topic: SignalTopic, subject: string): Promise<void>
}

/** The signals of a store, outside of any unit. */
export interface SignalSource extends SignalStore {
  /** Calls `listener` from now on, until the result is called or the store is closed. */
  listen(listener: SignalListener): () => void
}
