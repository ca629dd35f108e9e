// The worker that keeps the console's own files (public/service-worker.js): with it the console can be installed.

import { BASE } from './api/client.ts'

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL: (address: string) => string },
  ): { createScriptURL(address: string): string }
}

const ADDRESS = `${BASE}/service-worker.js`

export function registerServiceWorker(): void {
  if (!('serviceWorker' in navigator)) return
  // The page's policy lets a script begin only by an address that went through here, and there is one.
  const { trustedTypes } = window as { trustedTypes?: TrustedTypes }
  const policy = trustedTypes?.createPolicy('claviger', {
    createScriptURL(address) {
      if (address === ADDRESS) return address
      throw new TypeError('not a script of this page')
    },
  })
  const address = policy?.createScriptURL(ADDRESS) ?? ADDRESS
  // Without it everything works, a little later.
  navigator.serviceWorker.register(address, { scope: `${BASE}/` }).catch(() => undefined)
}
