// Who is signed in, in which organization, how it looks, and the way out.

import { useNavigate } from '@tanstack/react-router'
import { signOut, switchOrganization, useSession } from '../api/people.ts'
import { problemOf } from '../api/problem.ts'
import { Menu, type MenuItem } from '../ui/menu.tsx'
import { useToast } from '../ui/toast.tsx'
import { chooseTheme, type Theme, useTheme } from './theme.ts'

const THEMES: readonly (readonly [Theme, string])[] = [
  ['system', 'Look as the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
]

export function UserMenu() {
  const { person, organization, organizations } = useSession()
  const theme = useTheme()
  const navigate = useNavigate()
  const say = useToast()
  const orSay = (work: Promise<void>) => void work.catch((thrown: unknown) => say(problemOf(thrown).message))
  const themes = THEMES.map(([id, label]): MenuItem => {
    return { label, checked: theme === id, onChoose: () => chooseTheme(id) }
  })
  const others = organizations.map(({ id, name }): MenuItem => {
    return { label: name, checked: id === organization.id, onChoose: () => orSay(switchOrganization(id)) }
  })
  return (
    <Menu
      trigger={
        <button
          type="button"
          aria-label={`You: ${person.email}`}
          className="grid size-10 place-items-center rounded-full hover:bg-sunken"
        >
          <span className="grid size-8 place-items-center rounded-full bg-accent-tint text-sm font-semibold text-accent uppercase">
            {[...person.name][0]}
          </span>
        </button>
      }
      heading={
        <>
          <span className="block font-medium">{person.name}</span>
          <span className="block text-soft">
            {person.email} · {person.role}
          </span>
        </>
      }
      groups={[
        organizations.length > 1 ? others : [],
        themes,
        [
          {
            label: 'Your settings',
            icon: 'settings',
            onChoose: () => void navigate({ to: '/settings/$part', params: { part: 'personal' } }),
          },
          { label: 'Sign out', icon: 'out', onChoose: () => orSay(signOut()) },
        ],
      ]}
    />
  )
}
