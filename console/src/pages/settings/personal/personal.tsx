// What is one's own: how one signs in, from where, and what one's runs begin with.

import { useSession } from '../../../api/people.ts'
import { Facts } from '../../../ui/facts.tsx'
import { Callout } from '../../../ui/notice.tsx'
import { Section } from '../../../ui/page.tsx'
import { Naming } from '../parts/naming.tsx'
import { Accounts } from './accounts.tsx'
import { Leaving } from './leaving.tsx'
import { Password } from './password.tsx'
import { Preferences } from './preferences.tsx'
import { SecondFactor } from './second-factor.tsx'
import { Sessions } from './sessions.tsx'
import { OwnTokens } from './tokens.tsx'

export function PersonalSettings() {
  const { person, organization } = useSession()
  return (
    <div className="grid gap-5">
      <Callout tone="info">
        <p>What you set here takes priority over the organization's settings, for your own runs.</p>
      </Callout>
      <Section title="You">
        <Naming operation="profile.update" label="Your name" name={person.name} />
        <Facts
          facts={[
            ['E-mail', person.email],
            ['Role', `${person.role} of ${organization.name}`],
            ['Teams', person.teams.join(', ')],
          ]}
        />
      </Section>
      <Preferences />
      <Sessions />
      <Password hasPassword={person.hasPassword} />
      <SecondFactor hasPassword={person.hasPassword} />
      <Accounts />
      <OwnTokens />
      <Leaving />
    </div>
  )
}
