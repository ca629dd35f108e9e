// Overview: to come.

import { Page } from '../../ui/page.tsx'
import { EmptyState } from '../../ui/waiting.tsx'

export function OverviewPage() {
  return (
    <Page title="Overview">
      <EmptyState icon="overview" title="This page is not built yet" />
    </Page>
  )
}
