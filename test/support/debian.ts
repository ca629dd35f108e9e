// What the tests need of Debian: found on the machine, or installed where that is one command, which is said.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** A package, and how its sentence calls what is in it: `a Postgres`. */
export interface DebianPackage {
  readonly name: string
  readonly called: string
}

/** What a person types for it. */
export function installLine({ name }: Pick<DebianPackage, 'name'>): string {
  return `apt-get install -y ${name}`
}

/** What `find` finds, before or after the package was installed; undefined when it is not there and cannot be had here. */
export function findOrInstall<T>(wanted: DebianPackage, find: () => T | undefined): T | undefined {
  const found = find()
  if (found !== undefined || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return found
  process.stderr.write(`The tests need ${wanted.called} and found none: ${installLine(wanted)}\n`)
  if (aptGet('install', '-y', wanted.name) !== 0) {
    aptGet('update')
    aptGet('install', '-y', wanted.name)
  }
  return find()
}

function aptGet(...words: readonly string[]): number | null {
  return spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...words], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }).status
}
