// Runs: to come.

import { Page } from '../../ui/page.tsx'
import { EmptyState } from '../../ui/waiting.tsx'

export function RunsPage() {
  return (
    <Page title="Runs">
      <EmptyState icon="runs" title="This page is not built yet" />
    </Page>
  )
}
