// Which names credentials may have. Uniqueness per owner is the store's business.

import { ClavigerError } from './errors.ts'
import { holdsKey } from './secret.ts'

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
/** What a machine may call itself. */
export const WORKER_ID = NAME

const VARIABLE = /^[A-Za-z][A-Za-z0-9_]{0,63}$/

// A raw secret becomes an environment variable of every run it serves: these would change what the run executes.
const FORBIDDEN_VARIABLES = new Set([
  // What is run, and from where.
  ...[
    'PATH',
    'HOME',
    'SHELL',
    'IFS',
    'ENV',
    'BASH_ENV',
    'PS4',
    'PROMPT_COMMAND',
    'EDITOR',
    'VISUAL',
    'PAGER',
  ],
  // Code that interpreters load.
  ...[
    'NODE_OPTIONS',
    'NODE_PATH',
    'PYTHONPATH',
    'PYTHONSTARTUP',
    'PYTHONHOME',
    'PERL5OPT',
    'PERL5LIB',
    'PERLLIB',
  ],
  ...['RUBYOPT', 'RUBYLIB', 'JAVA_TOOL_OPTIONS', 'JDK_JAVA_OPTIONS', '_JAVA_OPTIONS'],
  // Where connections go, and whom they trust.
  ...['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'NO_PROXY', 'NODE_TLS_REJECT_UNAUTHORIZED'],
  ...['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'CURL_CA_BUNDLE', 'REQUESTS_CA_BUNDLE'],
])
const FORBIDDEN_PREFIXES = [
  ...[
    'LD_',
    'DYLD_',
    'GIT_SSH',
    'GIT_EXEC',
    'GIT_CONFIG',
    'GIT_PROXY',
    'GIT_SSL',
    'GIT_ASKPASS',
    'GIT_EDITOR',
  ],
  'CLAVIGER_',
]

/** Refuses a name that does not match `[A-Za-z0-9][A-Za-z0-9._-]{0,63}` (`invalid`). */
export function checkName(name: string): void {
  if (holdsKey(name) || name.startsWith('clv_')) {
    // Not repeated: it would end up in scrollback, logs and audit rows.
    throw new ClavigerError('invalid', 'This looks like a key, not like a name.', {
      hint: 'Give a name, and type or pipe the key when you are asked. Change the key if it was on a command line.',
    })
  }
  if (NAME.test(name)) return
  throw new ClavigerError('invalid', `"${printable(name)}" cannot be a name.`, {
    hint: 'Use 1 to 64 letters, digits, dots, dashes or underscores, starting with a letter or digit.',
  })
}

const PROFILE = /^[a-z0-9][a-z0-9-]{0,31}:[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/

/** Whether this is how a profile is called, `provider:name`, where the name may be an e-mail. */
export function isProfileId(text: string): boolean {
  return PROFILE.test(text) && !holdsKey(text)
}

/** Names that a provider of a plugin may have: none that every object has, which would be found where nobody has put it. */
export const PLUGIN_NAME = /^(?!constructor$)[a-z][a-z0-9-]{0,31}$/

/** Refuses what is neither a name nor how a profile is called (`invalid`). */
export function checkNameOrProfile(name: string): void {
  if (!isProfileId(name)) checkName(name)
}

/** Refuses a name for a raw secret that is no usable environment variable (`invalid`). */
export function checkVariableName(name: string): void {
  if (!VARIABLE.test(name)) {
    throw new ClavigerError(
      'invalid',
      `"${printable(name)}" cannot be the name of an environment variable.`,
      {
        hint: 'A raw secret is handed over under its own name: use letters, digits and underscores, starting with a letter.',
      },
    )
  }
  const upper = name.toUpperCase()
  if (FORBIDDEN_VARIABLES.has(upper) || FORBIDDEN_PREFIXES.some((prefix) => upper.startsWith(prefix))) {
    throw new ClavigerError(
      'invalid',
      `A raw secret cannot be named ${name}: it would change what a run executes or whom it talks to.`,
      {
        hint: 'Choose another name.',
      },
    )
  }
}

/** A text as it may stand in a message: control and formatting characters escaped, at most 80 characters. */
export function printable(text: string): string {
  const escaped = text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}"]/gu,
    (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`,
  )
  return escaped.length > 80 ? `${escaped.slice(0, 79)}…` : escaped
}
