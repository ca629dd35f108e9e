// Explain: to come.

import { Page } from '../../ui/page.tsx'
import { EmptyState } from '../../ui/waiting.tsx'

export function ExplainPage() {
  return (
    <Page title="Explain">
      <EmptyState icon="explain" title="This page is not built yet" />
    </Page>
  )
}
