// What credentials may be called. On a server: by a name of their own. Among profiles of a machine: as a profile.

import type { CredentialType } from '../../domain/credential-types.ts'
import { checkName } from '../../domain/names.ts'
import type { Ports } from '../use-case.ts'

/** What a credential of this type is called that is to have this name. Throws `invalid`. */
export function nameFor({ naming }: Pick<Ports, 'naming'>, type: CredentialType, name: string): string {
  if (naming !== undefined) return naming(type, name)
  checkName(name)
  return name
}
