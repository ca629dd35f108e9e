// The events of `live`, as they are in the data of the stream. For whoever reads them: types only.

export type LiveTopic =
  | 'self' // who one is, one's role and teams
  | 'credentials'
  | 'usage' // when credentials were last used, and by what they are used now
  | 'logins' // one's own sign-ins under way
  | 'runs'
  | 'workers'
  | 'agents'
  | 'members' // with teams and invitations
  | 'tokens'
  | 'settings'
  | 'webhooks'
  | 'channels'
  | 'audit'
  | 'all'

export interface ChangedTopic {
  readonly topic: LiveTopic
  /** Null: any of them. */
  readonly ids: readonly string[] | null
}

export interface LiveData {
  /** Of the last entry of the audit log that is in it: what came later is told by whoever goes on after it. */
  readonly position: number
  readonly topics: readonly ChangedTopic[]
}
