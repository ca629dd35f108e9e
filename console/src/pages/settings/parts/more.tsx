// The rest of a long list, a page at a time.

import { Button } from '../../../ui/button.tsx'
import type { Pages } from '../../../ui/lists/table.tsx'

interface MoreProps {
  readonly pages: Pages
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
