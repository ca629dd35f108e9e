// For tests of deliveries: a lease of a server on this machine.

import { Secret } from '../../src/domain/secret.ts'
import { formatHandle } from '../../src/domain/token.ts'
import type { DeliverableLease } from '../../src/harnesses/harness.ts'

export const HANDLE = formatHandle('lease_0123456789abcdef0123456789abcdef', new Uint8Array(48).fill(7))

export const LEASE: DeliverableLease = {
  serverUrl: 'http://127.0.0.1:7717',
  handle: new Secret(HANDLE),
  generation: 3,
  takenAt: Date.UTC(2026, 0, 1),
  allowHttp: false,
}
