// Harnesses and their credentials, for the organization and for oneself: to come.

import { ButtonLink } from '../../ui/button.tsx'
import { EmptyState } from '../../ui/waiting.tsx'

export function CodingAgentsSettings() {
  return (
    <EmptyState
      icon="key"
      title="This page is not built yet"
      action={<ButtonLink to="/credentials">Credentials</ButtonLink>}
    />
  )
}
