// Settings, in parts that have an address each.

import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { SETTINGS } from '../../shell/places.ts'
import { Page } from '../../ui/page.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { Together } from '../../ui/together.tsx'
import { ChannelSettings } from './channels/channels.tsx'
import { CodingAgentsSettings } from './coding-agents/coding-agents.tsx'
import { MachineSettings } from './machines/machines.tsx'
import { OrganizationSettings } from './organization/organization.tsx'
import { PersonalSettings } from './personal/personal.tsx'

const route = getRouteApi('/app/settings/$part')

export function SettingsPage() {
  const { part } = route.useParams()
  const navigate = useNavigate()
  const current = SETTINGS.find(({ id }) => id === part)?.id ?? 'coding-agents'
  return (
    <Page title="Settings">
      <Tabs
        label="Parts of the settings"
        tabs={SETTINGS}
        current={current}
        onChoose={(id) => void navigate({ to: '/settings/$part', params: { part: id } })}
      >
        <Together key={current}>
          {current === 'coding-agents' && <CodingAgentsSettings />}
          {current === 'organization' && <OrganizationSettings />}
          {current === 'channels' && <ChannelSettings />}
          {current === 'machines' && <MachineSettings />}
          {current === 'personal' && <PersonalSettings />}
        </Together>
      </Tabs>
    </Page>
  )
}
