// What ends with somebody's membership.

export interface WhatEndsProps {
  /** Undefined while it is not known. */
  readonly held:
    | { readonly tokens: number; readonly leases: number; readonly credentials: number }
    | undefined
}

export function WhatEnds({ held }: WhatEndsProps) {
  return (
    <>
      <p>Tokens are revoked, running leases end, and personal credentials are deleted, at once.</p>
      {held !== undefined && (
        <p>
          That is {some(held.tokens, 'token')}, {some(held.leases, 'running lease')} and{' '}
          {some(held.credentials, 'personal credential')}.
        </p>
      )}
    </>
  )
}

function some(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
