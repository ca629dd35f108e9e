// Audit: to come.

import { Page } from '../../ui/page.tsx'
import { EmptyState } from '../../ui/waiting.tsx'

export function AuditPage() {
  return (
    <Page title="Audit">
      <EmptyState icon="audit" title="This page is not built yet" />
    </Page>
  )
}
