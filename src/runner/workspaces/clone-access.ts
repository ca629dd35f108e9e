// Handing a token to git for one clone: by a helper that git asks, which answers for that one repository only. The token is
// in a file of a private directory, gone as soon as it was read; it is in no argument, environment, URL or setting, and no
// helper of the user's is given it to keep.

import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClavigerError } from '../../domain/errors.ts'
import type { Secret } from '../../domain/secret.ts'
import { shellCommand } from '../../lib/shell-quote.ts'

/** What one repository is cloned with. */
export interface CloneAccess {
  readonly url: string
  readonly username: string
  readonly token: Secret
}

export interface Handover {
  /** Words for git before its verb. */
  readonly words: readonly string[]
  /** Variables that name the helper. */
  readonly environment: Readonly<Record<string, string>>
}

/** Does `work` with the token at hand in `directory`, which is removed with all that is left of it. */
export async function handingOver<T>(
  directory: string,
  access: CloneAccess,
  work: (handover: Handover) => Promise<T>,
): Promise<T> {
  mustBeSafe(access.url)
  await rm(directory, { recursive: true, force: true })
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const [helper, token] = [join(directory, 'ask'), join(directory, 'token')]
    await writeFile(token, `${access.token.expose()}\n`, { mode: 0o600, flag: 'wx' })
    await writeFile(helper, script(access, token), { mode: 0o700, flag: 'wx' })
    return await work({
      words: wordsFor(access.url),
      environment: { GIT_ASKPASS: helper, GIT_TRACE_REDACT: '1' },
    })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

// Git asks with the whole address then; it follows nobody elsewhere, and tells no other helper. What a machine's settings say of
// an address counts for more than what they say of all, so both are said.
function wordsFor(url: string): string[] {
  return [
    ...['credential.helper=', 'credential.useHttpPath=true'],
    ...['http.followRedirects=false', 'http.sslVerify=true'],
  ].flatMap((setting) => {
    const [section = '', name = ''] = setting.split('.')
    return ['-c', setting, '-c', `${section}.${url}.${name}`]
  })
}

function script({ url, username }: CloneAccess, token: string): string {
  const { protocol, host, pathname } = new URL(url)
  const place = (name: string) => `${protocol}//${name}${host}${pathname}`
  const asked = (what: string, name: string) => shellCommand([`${what} for '${place(name)}': `])
  const file = shellCommand([token])
  return [
    '#!/bin/sh',
    `if [ "$1" = ${asked('Username', '')} ]; then printf '%s\\n' ${shellCommand([username])}`,
    `elif [ "$1" = ${asked('Password', `${encodeURIComponent(username)}@`)} ]; then cat ${file} 2>/dev/null && rm -f ${file}`,
    'else exit 1',
    'fi',
    '',
  ].join('\n')
}

// Whoever reads along has the token; on this machine that is nobody.
function mustBeSafe(url: string): void {
  const { protocol, hostname, username, password } = new URL(url)
  const isHere = hostname === '127.0.0.1' || hostname === '[::1]'
  if (username === '' && password === '' && (protocol === 'https:' || (protocol === 'http:' && isHere)))
    return
  throw new ClavigerError('invalid', 'A private repository is cloned over https only.')
}
