// What a holder is told of its lease.

/**
 * `rotated`: another value or token is current; read the lease. `login-arrived`: somebody signed in, or another credential
 * that may serve has become usable; a run that waits reports or leases again. `revoked`: the lease is over.
 */
export type LeaseEvent =
  | { readonly type: 'rotated'; readonly generation: number }
  | { readonly type: 'login-arrived'; readonly generation: number | null }
  | { readonly type: 'revoked'; readonly reason: string }
