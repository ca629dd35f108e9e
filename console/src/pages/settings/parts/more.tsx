// The rest of a long list, a page at a time.

import { Button } from '../../../ui/button.tsx'

export interface MoreProps {
  readonly pages: {
    readonly hasNextPage: boolean
    readonly isFetchingNextPage: boolean
    readonly fetchNextPage: () => Promise<unknown>
  }
  /** `members`. */
  readonly what: string
}

export function More({ pages, what }: MoreProps) {
  if (!pages.hasNextPage) return null
  return (
    <div>
      <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
        More {what}
      </Button>
    </div>
  )
}
