// Manifests against the models of the Kubernetes API: TypeScript says which fields there are not, which lack and which have
// another type; the models' own validation knows formats and patterns.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../support/programs.ts'

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata?: { readonly name?: string }
}

const COMPILER = join(ROOT, 'node_modules/typescript/bin/tsc')
// Below it packages are found.
const CACHE = join(ROOT, 'node_modules/.cache')
const FLAGS =
  '--ignoreConfig --noEmit --strict --skipLibCheck --target es2024 --module nodenext --pretty false'

export async function modelFaults(manifests: readonly Manifest[]): Promise<string[]> {
  const faults = (await Promise.all(manifests.map(validate))).flat()
  return faults.length > 0 ? faults : fieldFaults(manifests)
}

async function validate(manifest: Manifest): Promise<string[]> {
  const { apiVersion, kind } = manifest
  const models = await import(modelOf(manifest)).catch(() => null)
  if (models === null) return [`${nameOf(manifest)}: there is no ${kind} in ${apiVersion}`]
  try {
    new models[kind](manifest).validate()
    return []
  } catch (error) {
    return [`${nameOf(manifest)}: ${(error as Error).message}`]
  }
}

function modelOf({ apiVersion, kind }: Manifest): string {
  return `kubernetes-models/${apiVersion}/${kind}`
}

// One line for each, so that the number of a line says which.
function fieldFaults(manifests: readonly Manifest[]): string[] {
  mkdirSync(CACHE, { recursive: true })
  const directory = mkdtempSync(join(CACHE, 'manifests-'))
  try {
    const file = join(directory, 'manifests.ts')
    const lines = manifests.map((one, index) => {
      const type = `import('${modelOf(one)}').I${one.kind}`
      return `export const manifest${index}: ${type} = ${JSON.stringify(one)}`
    })
    writeFileSync(file, lines.join('\n'))
    const words = [COMPILER, ...FLAGS.split(' '), '--types', '', file]
    const { stdout, status } = spawnSync(process.execPath, words, { encoding: 'utf8' })
    const found = [...stdout.matchAll(/\((\d+),\d+\): error \w+: (.*)/g)]
    if (status !== 0 && found.length === 0) throw new Error(stdout)
    return found.map(([, line, message]) => {
      const manifest = manifests[Number(line) - 1]
      return `${manifest === undefined ? '' : nameOf(manifest)}: ${message}`
    })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

export function nameOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata?.name}`
}
