// Where the console begins.

import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { setNonce } from 'get-nonce'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { problemOf } from './api/problem.ts'
import { queryClient } from './api/queries.ts'
import { createConsoleRouter } from './router.tsx'
import { registerServiceWorker } from './service-worker.ts'
import { keepGutter } from './shell/gutter.ts'
import { Toasts } from './ui/toast.tsx'
import './styles.css'

// What Radix adds as a style is let in by the policy of the page with this word only.
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? ''
if (nonce !== '') setNonce(nonce)

const root = document.getElementById('root')
if (root === null) throw new Error('the page has no root')

// A server that does not answer is no fault of the page, which says it where something was to be shown.
const onCaughtError = (thrown: unknown) => {
  if (problemOf(thrown).code !== 'unreachable') reportError(thrown)
}

keepGutter()
createRoot(root, { onCaughtError }).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <Toasts>
        <RouterProvider router={createConsoleRouter(queryClient)} />
      </Toasts>
    </QueryClientProvider>
  </StrictMode>,
)

registerServiceWorker()
