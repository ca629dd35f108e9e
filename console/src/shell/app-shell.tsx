// Around every page for somebody who is signed in: where one is, where one can go, who one is. On a phone the places are
// behind a button.

import { useQueryClient } from '@tanstack/react-query'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { useLive, useLiveState } from '../api/live.ts'
import { useSession } from '../api/people.ts'
import { underWay } from '../api/under-way.ts'
import { IconButton } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Icon } from '../ui/icons.tsx'
import { SkeletonLines } from '../ui/waiting.tsx'
import { Palette } from './palette.tsx'
import { type Place, placesFor } from './places.ts'
import { UserMenu } from './user-menu.tsx'

const Resumed = lazy(() =>
  import('../pages/credentials/adding/resumed.tsx').then((loaded) => ({ default: loaded.Resumed })),
)

// Only what was under way when the page was loaded.
function SignInUnderWay() {
  const [login] = useState(underWay)
  if (login === null) return null
  return (
    <Suspense fallback={null}>
      <Resumed login={login} />
    </Suspense>
  )
}

export function AppShell() {
  const { person, organization } = useSession()
  const places = placesFor(person.role)
  const [menu, setMenu] = useState(false)
  useLive(useQueryClient())
  return (
    <div className="min-h-dvh md:grid md:grid-cols-[14rem_1fr]">
      <SignInUnderWay />
      <a
        href="#main"
        className="surface sr-only z-50 p-3 focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to the page
      </a>
      <aside className="sticky top-0 hidden h-dvh flex-col gap-4 border-r bg-raised p-3 md:flex">
        <Mark organization={organization.name} />
        <Places places={places} onGo={() => undefined} />
      </aside>
      <div className="flex min-w-0 flex-col">
        <header className="sticky top-0 z-30 flex min-h-14 items-center gap-2 border-b bg-page/95 px-3 py-1.5 backdrop-blur sm:px-5">
          <div className="md:hidden">
            <IconButton label="Places" icon="menu" onClick={() => setMenu(true)} />
          </div>
          <span className="truncate font-semibold md:hidden">{organization.name}</span>
          <LiveMark />
          <div className="ml-auto flex items-center gap-1">
            <Palette places={places} />
            <UserMenu />
          </div>
        </header>
        <Main />
      </div>
      <Dialog open={menu} onClose={() => setMenu(false)} title={organization.name}>
        <Places places={places} onGo={() => setMenu(false)} />
      </Dialog>
    </div>
  )
}

// The focus follows to a new page, so that a reader hears where it is.
function Main() {
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const main = useRef<HTMLElement>(null)
  const last = useRef(path)
  useEffect(() => {
    if (last.current !== path) main.current?.focus()
    last.current = path
  }, [path])
  return (
    <main id="main" ref={main} tabIndex={-1} className="min-w-0 px-3 py-5 outline-none sm:px-6">
      <Suspense fallback={<SkeletonLines lines={6} />}>
        <Outlet />
      </Suspense>
    </main>
  )
}

function Mark({ organization }: { organization: string }) {
  return (
    <div className="flex items-center gap-2.5 px-2 pt-1">
      <span className="grid size-8 place-items-center rounded-lg bg-accent text-on-accent">
        <Icon name="key" className="size-4.5" />
      </span>
      <div className="min-w-0 leading-tight">
        <div className="text-sm font-semibold">Claviger</div>
        <div className="truncate text-xs text-soft" title={organization}>
          {organization}
        </div>
      </div>
    </div>
  )
}

function Places({ places, onGo }: { places: readonly Place[]; onGo: () => void }) {
  return (
    <nav aria-label="Places">
      <ul className="grid gap-0.5">
        {places.map(({ to, title, icon, key }) => (
          <li key={to}>
            <Link
              to={to}
              onClick={onGo}
              activeOptions={{ exact: to === '/', includeSearch: false }}
              aria-keyshortcuts={`g ${key}`}
              className="flex min-h-10 items-center gap-3 rounded-lg px-3 text-sm hover:bg-sunken aria-[current=page]:bg-accent-tint aria-[current=page]:font-medium aria-[current=page]:text-accent"
            >
              <Icon name={icon} />
              {title}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}

const PATIENCE_MS = 4000

// Nothing while all is well, and nothing of a line that is back at once.
function LiveMark() {
  const isAway = useLiveState() === 'away'
  const [isShown, show] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => show(isAway), isAway ? PATIENCE_MS : 0)
    return () => clearTimeout(timer)
  }, [isAway])
  return (
    <span role="status" className="text-xs text-soft">
      {isShown && 'Not connected: this may be old.'}
    </span>
  )
}
