// Where other programs keep accounts: a file, or the files in a directory of theirs. They are read, and never written.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ClavigerError } from '../../domain/errors.ts'
import { errorCode } from '../../lib/atomic-file.ts'
import { agentsIn, MAIN_AGENT, placeOf, unusable } from '../place.ts'

/** A file that may hold accounts. */
export interface Source {
  readonly path: string
  readonly text: string
  /** `auth-state.json`, where that lies beside it. */
  readonly state?: { readonly path: string; readonly text: string }
  /** Of which agent it is, where it is an agent's and not the main one's. */
  readonly agent: string | null
}

// No login file comes near it.
const MAX_BYTES = 4 * 1024 * 1024

/** Those files that are there. Throws `not_found` when there are none, with this hint. */
export function sourcesIn(path: string, hint: string): Source[] {
  const there = statOf(path)
  if (there === null) throw new ClavigerError('not_found', `There is no ${path}.`, { hint })
  if (!there.isDirectory()) return [read(path, null)]
  const found = candidates(path).filter(({ path: file }) => statOf(file)?.isFile())
  if (found.length > 0) return found.map((one) => read(one.path, one.agent))
  const isLater = existsSync(join(path, 'state', 'openclaw.sqlite'))
  throw new ClavigerError('not_found', `There are no accounts in ${path}.`, {
    hint: isLater
      ? 'This OpenClaw keeps them in a database, which is not read. Sign in instead: claviger models auth login'
      : hint,
  })
}

// A state directory of coderClaw or OpenClaw; the directory of one agent; the home of codex or claude.
function candidates(path: string): Pick<Source, 'path' | 'agent'>[] {
  const agents = agentsIn(path).toSorted((a, b) => Number(b === MAIN_AGENT) - Number(a === MAIN_AGENT))
  const ofAgents = agents.flatMap((name) => {
    const { profiles } = placeOf(path, name)
    const agent = name === MAIN_AGENT ? null : name
    return [
      { path: profiles, agent },
      { path: join(dirname(profiles), 'auth.json'), agent },
    ]
  })
  const others = ['credentials/oauth.json', 'auth-profiles.json', 'auth.json', '.credentials.json']
  return [...ofAgents, ...others.map((name) => ({ path: join(path, name), agent: null }))]
}

function read(path: string, agent: string | null): Source {
  const beside = join(dirname(path), 'auth-state.json')
  const hasState = basename(path) === 'auth-profiles.json' && statOf(beside)?.isFile()
  const text = textOf(path)
  return { path, agent, text, ...(hasState && { state: { path: beside, text: textOf(beside) } }) }
}

function textOf(path: string): string {
  try {
    const found = statSync(path)
    // Others have no end, or wait for somebody who writes.
    if (!found.isFile()) throw new ClavigerError('invalid', `${path} is not a regular file.`)
    if (found.size > MAX_BYTES)
      throw new ClavigerError('too_large', `${path} is too large to be a file of accounts.`)
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof ClavigerError) throw cause
    throw unusable(path, cause)
  }
}

function statOf(path: string) {
  try {
    return statSync(path)
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(cause))) return null
    throw unusable(path, cause)
  }
}
