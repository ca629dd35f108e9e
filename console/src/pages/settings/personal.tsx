// What holds for one's own runs only, and takes priority there.

import { useSession } from '../../api/people.ts'
import { Facts } from '../../ui/facts.tsx'
import { Callout } from '../../ui/notice.tsx'
import { Section } from '../../ui/page.tsx'

export function PersonalSettings() {
  const { person, organization } = useSession()
  return (
    <div className="grid gap-5">
      <Callout tone="info">
        <p>What you set here takes priority over the organization's settings, for your own runs.</p>
      </Callout>
      <Section title="You">
        <Facts
          facts={[
            ['Name', person.name],
            ['E-mail', person.email],
            ['Role', `${person.role} of ${organization.name}`],
            ['Teams', person.teams.join(', ')],
          ]}
        />
      </Section>
    </div>
  )
}
