// Every place of the console. A page is loaded when somebody goes there. The first part of each path is also a row of
// src/api/console-paths.ts, so that the server knows it is a place of the console.

import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { BASE } from './api/client.ts'
import { loaded } from './api/loaded.ts'
import { sessionQuery } from './api/people.ts'
import { isSignedOut } from './api/problem.ts'
import { textIn } from './next.ts'
import { searchIn } from './pages/audit/search.ts'
import { filtersIn } from './pages/credentials/filters.ts'
import { askedIn } from './pages/explain/asked.ts'
import { Failed, FailedInShell, NotFound, Pending } from './pages/outcome.tsx'
import { runFiltersIn } from './pages/runs/filters.ts'
import { AppShell } from './shell/app-shell.tsx'

// A page that cannot be loaded because the server does not answer is said to be so, and can be tried again.
const loadedLater: typeof lazyRouteComponent = (load, name) => lazyRouteComponent(() => loaded(load), name)

interface Context {
  readonly queryClient: QueryClient
}

const root = createRootRouteWithContext<Context>()({ component: Outlet })

const problemIn = (search: Record<string, unknown>): { problem?: string } => {
  const problem = textIn(search, 'problem')
  return problem === undefined ? {} : { problem }
}

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { next?: string; problem?: string } => {
    const next = textIn(search, 'next')
    return { ...(next !== undefined && { next }), ...problemIn(search) }
  },
  component: loadedLater(() => import('./pages/people/sign-in.tsx'), 'SignInPage'),
})

const codeIn = (search: Record<string, unknown>): { code?: string } => {
  const code = textIn(search, 'code')
  return code === undefined ? {} : { code }
}

const join = createRoute({
  getParentRoute: () => root,
  path: '/join',
  validateSearch: codeIn,
  component: loadedLater(() => import('./pages/people/join.tsx'), 'JoinPage'),
})

// Places for somebody who is signed in.
async function mustBeSignedIn({ context, location }: { context: Context; location: Here }): Promise<void> {
  try {
    await context.queryClient.ensureQueryData(sessionQuery)
  } catch (thrown) {
    throw isSignedOut(thrown) ? redirect(toSignIn(location)) : thrown
  }
}

interface Here {
  readonly pathname: string
  readonly searchStr: string
  readonly hash: string
}

// The fragment stays a fragment: it may hold a code that no server should see.
function toSignIn({ pathname, searchStr, hash }: Here) {
  const next = `${pathname}${searchStr}`
  return { to: '/sign-in', search: next === '/' ? {} : { next }, hash } as const
}

const device = createRoute({
  getParentRoute: () => root,
  path: '/device',
  validateSearch: codeIn,
  beforeLoad: mustBeSignedIn,
  component: loadedLater(() => import('./pages/people/device.tsx'), 'DevicePage'),
})

const signInAgain = createRoute({
  getParentRoute: () => root,
  path: '/sign-in-again',
  beforeLoad: mustBeSignedIn,
  component: loadedLater(() => import('./pages/people/sign-in-again.tsx'), 'SignInAgainPage'),
})

const app = createRoute({
  getParentRoute: () => root,
  id: 'app',
  beforeLoad: mustBeSignedIn,
  component: AppShell,
})

const inShell = { getParentRoute: () => app, errorComponent: FailedInShell }

const overview = createRoute({
  ...inShell,
  path: '/',
  component: loadedLater(() => import('./pages/overview/overview.tsx'), 'OverviewPage'),
})

const credentials = createRoute({
  ...inShell,
  path: '/credentials',
  validateSearch: filtersIn,
  component: loadedLater(() => import('./pages/credentials/list.tsx'), 'CredentialsPage'),
})

const credential = createRoute({
  ...inShell,
  path: '/credentials/$id',
  component: loadedLater(() => import('./pages/credentials/detail.tsx'), 'CredentialPage'),
})

const newCredential = createRoute({
  ...inShell,
  path: '/credentials/new',
  component: loadedLater(() => import('./pages/credentials/new.tsx'), 'NewCredentialPage'),
})

const runs = createRoute({
  ...inShell,
  path: '/runs',
  validateSearch: runFiltersIn,
  component: loadedLater(() => import('./pages/runs/list.tsx'), 'RunsPage'),
})

const run = createRoute({
  ...inShell,
  path: '/runs/$id',
  component: loadedLater(() => import('./pages/runs/detail/detail.tsx'), 'RunPage'),
})

const explain = createRoute({
  ...inShell,
  path: '/explain',
  validateSearch: askedIn,
  component: loadedLater(() => import('./pages/explain/explain.tsx'), 'ExplainPage'),
})

const audit = createRoute({
  ...inShell,
  path: '/audit',
  validateSearch: searchIn,
  component: loadedLater(() => import('./pages/audit/audit.tsx'), 'AuditPage'),
})

const settings = createRoute({
  ...inShell,
  path: '/settings',
  beforeLoad: () => {
    throw redirect({ to: '/settings/$part', params: { part: 'coding-agents' } })
  },
})

const settingsPart = createRoute({
  ...inShell,
  path: '/settings/$part',
  // What became of an app that somebody made elsewhere.
  validateSearch: (search: Record<string, unknown>): { made?: string; problem?: string } => {
    const made = textIn(search, 'made')
    return { ...(made !== undefined && { made }), ...problemIn(search) }
  },
  component: loadedLater(() => import('./pages/settings/settings.tsx'), 'SettingsPage'),
})

const routeTree = root.addChildren([
  signIn,
  join,
  device,
  signInAgain,
  app.addChildren([
    overview,
    credentials,
    newCredential,
    credential,
    runs,
    run,
    explain,
    audit,
    settings,
    settingsPart,
  ]),
])

export function createConsoleRouter(queryClient: QueryClient) {
  const router = createRouter({
    routeTree,
    basepath: BASE === '' ? '/' : BASE,
    context: { queryClient },
    defaultPreload: 'intent',
    defaultPendingComponent: Pending,
    defaultErrorComponent: Failed,
    defaultNotFoundComponent: NotFound,
    scrollRestoration: true,
    // What is in an address is text: a code of digits stays one.
    parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
    stringifySearch: (search) => {
      const given = Object.entries(search).filter(([, value]) => value !== undefined && value !== '')
      const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString()
      return text === '' ? '' : `?${text}`
    },
  })
  queryClient.getQueryCache().subscribe(({ type, query }) => {
    // The guard of a place sees for itself.
    const isGuard = query.queryKey[0] === sessionQuery.queryKey[0]
    if (type !== 'updated' || isGuard || !isSignedOut(query.state.error)) return
    const { location } = router.state
    if (location.pathname === '/sign-in') return
    void router.navigate(toSignIn(location)).then(() => queryClient.clear())
  })
  return router
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>
  }
}
