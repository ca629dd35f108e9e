// When a token was made and used, and until when it is good.

import { RelativeTime } from '../../../ui/time.tsx'

export interface TokenTimesProps {
  readonly token: {
    readonly createdAt: string
    readonly lastUsedAt: string | null
    readonly expiresAt: string | null
  }
}

export function TokenTimes({ token: { createdAt, lastUsedAt, expiresAt } }: TokenTimesProps) {
  return (
    <>
      <span>
        made <RelativeTime time={createdAt} />
      </span>
      {lastUsedAt === null ? (
        <span>never used</span>
      ) : (
        <span>
          used <RelativeTime time={lastUsedAt} />
        </span>
      )}
      {expiresAt === null ? (
        <span>never expires</span>
      ) : (
        <span>
          expires <RelativeTime time={expiresAt} />
        </span>
      )}
    </>
  )
}
