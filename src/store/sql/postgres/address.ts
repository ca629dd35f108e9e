// The URL of a Postgres database: checked, and named without its user, password and parameters. Only the name may be
// shown; an error never holds the URL.

import { ClavigerError } from '../../../domain/errors.ts'

const HINT =
  'Use postgres://USER:PASSWORD@HOST:5432/DATABASE; in user and password write %40 for @, %2F for /, %23 for #.'

export interface PostgresAddress {
  /** With the password: for the driver alone. */
  readonly url: string
  /** `HOST:PORT/DATABASE`, for people. */
  readonly name: string
  readonly database: string
}

/** Whether this text is meant to be the URL of a Postgres database. */
export function isPostgresUrl(text: string): boolean {
  return /^postgres(ql)?:/i.test(text)
}

/** Throws `invalid` for a URL that could be misread, so that no part of a password is taken for a host. */
export function postgresAddress(text: string): PostgresAddress {
  // Without a host, a socket is named by the parameter `host`; URL wants some host all the same.
  const withHost = text.replace(/^(postgres(?:ql)?:\/\/[^/@]*@)\//i, '$1localhost/')
  const url = URL.canParse(withHost) ? new URL(withHost) : null
  if (url === null || !isPostgresUrl(text) || !/^postgres(ql)?:\/\//i.test(text)) {
    throw new ClavigerError('invalid', 'This is not the URL of a Postgres database.', { hint: HINT })
  }
  if (url.hash !== '' || `${url.pathname}${url.search}`.includes('@')) {
    throw new ClavigerError('invalid', 'The URL of the Postgres database is ambiguous.', { hint: HINT })
  }
  const database = decoded(url.pathname.slice(1))
  if (database === '' || database.includes('/')) {
    throw new ClavigerError('invalid', 'The URL of the Postgres database names no database.', { hint: HINT })
  }
  const host = url.searchParams.get('host') ?? (url.hostname === '' ? 'localhost' : decoded(url.hostname))
  const port = url.port || url.searchParams.get('port') || '5432'
  return { url: text, name: `${host}:${port}/${database}`, database }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new ClavigerError('invalid', 'This is not the URL of a Postgres database.', { hint: HINT })
  }
}
