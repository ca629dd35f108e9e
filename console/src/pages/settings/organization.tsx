// What holds for everybody in the organization.

import { useSession } from '../../api/people.ts'
import { Facts } from '../../ui/facts.tsx'
import { Callout } from '../../ui/notice.tsx'
import { Section } from '../../ui/page.tsx'
import { mayManage } from '../../words/roles.ts'

export function OrganizationSettings() {
  const { organization, person } = useSession()
  return (
    <div className="grid gap-5">
      {!mayManage(person.role) && (
        <Callout tone="info">
          <p>Only admins change what is here. Your own settings take priority for your runs.</p>
        </Callout>
      )}
      <Section title="Organization">
        <Facts facts={[['Name', organization.name]]} />
      </Section>
    </div>
  )
}
