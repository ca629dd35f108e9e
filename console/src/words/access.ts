// What a run may do in its workspace.

import type { Request } from '../../../src/api/schemas.ts'

export type Access = NonNullable<Request<'runs.create'>['access']>

export const ACCESS_CHOICES: readonly { value: Access; label: string }[] = [
  { value: 'read', label: 'Read only' },
  { value: 'write', label: 'Read and write in its workspace' },
  { value: 'full', label: 'Everything its worker may' },
]
