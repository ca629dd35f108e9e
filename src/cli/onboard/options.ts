// What `claviger onboard` may be told instead of asked.

import {
  CREDENTIAL_TYPE_NAMES,
  CREDENTIAL_TYPES,
  type CredentialType,
} from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { HARNESSES, type HarnessName } from '../../domain/harness-names.ts'
import type { GlobalOptions } from '../context.ts'

export const TRIALS = ['turn', 'probe', 'no'] as const

export interface OnboardOptions extends GlobalOptions {
  readonly harness?: HarnessName
  /** `import`, `environment`, `login`, or the kind of what is entered. */
  readonly way?: string
  /** Where to take accounts over from. */
  readonly from?: string
  /** What the account is called here. */
  readonly name?: string
  readonly agent?: string
  readonly valueFile?: string
  readonly baseUrl?: string
  readonly region?: string
  readonly method?: string
  /** False with --no-browser. */
  readonly browser?: boolean
  readonly acceptNotice?: boolean
  /** How it is tried out in the end; `turn` where nothing is said. */
  readonly try?: (typeof TRIALS)[number]
  readonly nonInteractive?: boolean
}

/** Ways that do not stand in the table of types. */
const OTHER_WAYS = ['import', 'environment', 'login']

/** The types of a harness that people enter, in their order. */
export function enteredTypes(harness: HarnessName): CredentialType[] {
  return CREDENTIAL_TYPE_NAMES.filter((name) => {
    const type = CREDENTIAL_TYPES[name]
    return type.harness === harness && type.entry === 'typed'
  }).sort((a, b) => CREDENTIAL_TYPES[a].order - CREDENTIAL_TYPES[b].order)
}

/** What may stand behind --way for this harness. */
export function waysOf(harness: HarnessName): string[] {
  return [...OTHER_WAYS, ...enteredTypes(harness).map((type) => CREDENTIAL_TYPES[type].kind)]
}

/** The same options, after `--from` alone was understood as `--way import`. Throws `invalid` for what does not go together. */
export function checkOptions(options: OnboardOptions): OnboardOptions {
  const { harness, way, from } = options
  if (from !== undefined && way !== undefined && way !== 'import')
    throw new ClavigerError('invalid', '--from is for --way import.', { hint: 'Leave one of them out.' })
  if (way !== undefined && harness === undefined && way !== 'import')
    throw new ClavigerError('invalid', 'The agent program is missing.', {
      hint: `Say which: --harness ${HARNESSES.join('|')}`,
    })
  if (way !== undefined && harness !== undefined && !waysOf(harness).includes(way))
    throw new ClavigerError('invalid', `There is no way of this name for ${harness}.`, {
      hint: `There are ${waysOf(harness).join(', ')}: --way WAY`,
    })
  if (way === 'import' && harness === undefined && from === undefined)
    throw new ClavigerError('invalid', 'It is not said where to take accounts over from.', {
      hint: 'Say so: --from codex|claude|openclaw|coderclaw, or the path of a file or directory.',
    })
  if (from === undefined) return options
  const ofProgram = HARNESSES.find((one) => one === from)
  return { ...options, way: 'import', ...(harness === undefined && ofProgram && { harness: ofProgram }) }
}

/** The error where nobody can be asked and too little was said. */
export function tooLittleSaid(): ClavigerError {
  return new ClavigerError('invalid', 'There is no terminal to ask on, and it is not said what to do.', {
    hint:
      'Say it: --harness claude|codex, and --way api-key|setup-token|login|import|environment. A key is piped to standard ' +
      'input, or read with --value-file FILE. For example: claviger onboard --harness claude --way api-key --value-file key.txt',
  })
}
