// Who belongs to the organization.

import { useSession } from '../../../api/people.ts'
import { Facts } from '../../../ui/facts.tsx'
import { Callout } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { mayManage, mayReadAudit } from '../../../words/roles.ts'
import { Naming } from '../parts/naming.tsx'
import { Invitations } from './invitations.tsx'
import { Members } from './members.tsx'
import { Teams } from './teams.tsx'
import { AllTokens } from './tokens.tsx'
import { Told } from './told.tsx'
import { Webhooks } from './webhooks.tsx'

export function OrganizationSettings() {
  const { organization, person } = useSession()
  const manages = mayManage(person.role)
  return (
    <div className="grid gap-5">
      {!manages && (
        <Callout tone="info">
          <p>Only admins change what is here. Your own settings take priority for your runs.</p>
        </Callout>
      )}
      <Section title="Organization">
        {person.role === 'owner' ? (
          <Naming operation="organization.update" label="Name of the organization" name={organization.name} />
        ) : (
          <Facts facts={[['Name', organization.name]]} />
        )}
      </Section>
      {mayReadAudit(person.role) && (
        <>
          <Members manages={manages} />
          {manages && <Invitations />}
          <Teams manages={manages} />
          <AllTokens manages={manages} />
          {manages && <Webhooks />}
          <Told manages={manages} />
        </>
      )}
    </div>
  )
}
