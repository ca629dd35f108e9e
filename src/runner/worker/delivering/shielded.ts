// What the program of a run for strangers has of the machine: how things are reached from there, and nothing else. Not what is
// known to be a credential is left out, but all that is not known to be none.

import type { Harness, MachineState } from '../../../harnesses/harness.ts'
import type { Environment } from '../../materialize.ts'
import type { RunPlace } from '../../workspaces/workspace.ts'

// Beside those of the harness.
const KEPT = [
  ...[
    'PATH',
    'LANG',
    'LANGUAGE',
    'LC_ALL',
    'LC_CTYPE',
    'LC_MESSAGES',
    'TZ',
    'TERM',
    'USER',
    'LOGNAME',
    'SHELL',
  ],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'],
  ...['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'],
]

// An address may have a name and a password in it, such as proxies do.
const ADDRESS = /_(?:PROXY|URL)$/i

export interface Shielded extends Pick<MachineState, 'environment'> {
  /** What is missing of that and may be missed, by name. */
  readonly report: readonly string[]
}

/** The environment of a worker for such a run; its home is the run's own. */
export function shielded(
  { plainVariables }: Pick<Harness, 'plainVariables'>,
  worker: Environment,
  { temporary }: Pick<RunPlace, 'temporary'>,
): Shielded {
  const kept = Object.entries(worker).filter(([name]) => KEPT.includes(name) || plainVariables.includes(name))
  const withPassword = kept.flatMap(([name, value]) =>
    ADDRESS.test(name) && value.includes('@') ? [name] : [],
  )
  const plain = kept.filter(([name]) => !withPassword.includes(name))
  return {
    environment: { ...Object.fromEntries(plain), HOME: temporary },
    report: withPassword.map((name) => `set aside: ${name} in the environment, it may hold a password`),
  }
}
