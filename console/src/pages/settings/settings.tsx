// Settings, in parts that have an address each.

import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { Page } from '../../ui/page.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { CodingAgentsSettings } from './coding-agents/coding-agents.tsx'
import { MachineSettings } from './machines/machines.tsx'
import { OrganizationSettings } from './organization/organization.tsx'
import { PersonalSettings } from './personal/personal.tsx'

const route = getRouteApi('/app/settings/$part')

const PARTS = [
  { id: 'coding-agents', title: 'Coding agents' },
  { id: 'organization', title: 'Organization' },
  { id: 'machines', title: 'Agents and workers' },
  { id: 'personal', title: 'Personal' },
] as const

export function SettingsPage() {
  const { part } = route.useParams()
  const navigate = useNavigate()
  const current = PARTS.find(({ id }) => id === part)?.id ?? 'coding-agents'
  return (
    <Page title="Settings">
      <Tabs
        label="Parts of the settings"
        tabs={PARTS}
        current={current}
        onChoose={(id) => void navigate({ to: '/settings/$part', params: { part: id } })}
      >
        {current === 'coding-agents' && <CodingAgentsSettings />}
        {current === 'organization' && <OrganizationSettings />}
        {current === 'machines' && <MachineSettings />}
        {current === 'personal' && <PersonalSettings />}
      </Tabs>
    </Page>
  )
}
