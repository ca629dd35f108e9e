// What nobody may read in what a program says: what it was handed, and what it has got itself since. Nothing is forgotten: the
// conversation may repeat what an earlier process was given.

import { stat } from 'node:fs/promises'
import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { readIfThere } from '../../lib/atomic-file.ts'
import { createRedactor, type Redactor } from '../../lib/redaction.ts'
import type { AcquiredLease, LeasedCredential } from '../lease-source.ts'

/** The file in which a program keeps its login, and what in it is secret; null: it cannot be read just now. */
export interface LoginFile {
  readonly path: string
  secretsIn(text: string): readonly string[] | null
}

export interface Hiding {
  hideLease(lease: AcquiredLease): void
  hideCredential(credential: LeasedCredential): void
  /**
   * Takes out of a line what is secret. A program that renews its login by itself writes it down before it uses it: what is
   * in its file by the time that a line of it is read is in no line before.
   */
  redact(line: string, login: LoginFile | null): Promise<string>
}

export function createHiding(): Hiding {
  const known = new Set<string>()
  let redactors: readonly Redactor[] = []
  let seen = ''
  const hide = (secrets: readonly string[]) => {
    const fresh = secrets.filter((secret) => !known.has(secret))
    if (fresh.length === 0) return
    for (const secret of fresh) known.add(secret)
    redactors = [...redactors, createRedactor(fresh)]
  }
  const look = async ({ path, secretsIn }: LoginFile) => {
    const now = await stampOf(path)
    if (now === seen) return
    const secrets = secretsIn((await readIfThere(path)) ?? '')
    if (secrets === null) return
    hide(secrets)
    seen = now
  }
  return {
    hideLease({ handle, credential, raw }) {
      hide([handle.expose(), ...secretsOf(credential), ...raw.map(({ value }) => value.expose())])
    },
    hideCredential: (credential) => hide(secretsOf(credential)),
    async redact(line, login) {
      if (login !== null) await look(login)
      return redactors.reduce((text, { redact }) => redact(text), line)
    },
  }
}

// Another whenever the file was written.
async function stampOf(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => null)
  return found === null ? '' : `${path} ${found.ino} ${found.mtimeNs} ${found.size}`
}

function secretsOf(credential: LeasedCredential | null): string[] {
  if (credential === null) return []
  const open = CREDENTIAL_TYPES[credential.type].fields
    .filter(({ secret }) => !secret)
    .map(({ name }) => name)
  const secret = Object.entries(credential.fields).filter(([name]) => !open.includes(name))
  return secret.map(([, value]) => value.expose())
}
