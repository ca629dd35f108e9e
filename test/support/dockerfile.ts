// What our Dockerfile says of an image: read from the file, so that tests run what it says and not what they think.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DockerfileParser } from 'dockerfile-ast'
import { ROOT } from './programs.ts'

export interface Copied {
  readonly stage: string
  readonly from: string
  readonly to: string
}

/** One target, with what it has from the stages it is made of. */
export interface Image {
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly healthcheck: readonly string[]
  readonly user: string
  readonly workdir: string
  readonly ports: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly copied: readonly Copied[]
  /** The text of each RUN. */
  readonly ran: readonly string[]
}

interface Instruction {
  readonly keyword: string
  readonly text: string
}

interface Stage {
  readonly base: string
  readonly instructions: readonly Instruction[]
}

export const DOCKERFILE = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')

/** Stages by name, in their order; the base of each as it is written. */
export function stagesOf(text: string): Map<string, Stage> {
  const stages = new Map<string, { base: string; instructions: Instruction[] }>()
  let current: Instruction[] = []
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const keyword = instruction.getKeyword()
    // As it is written, with its flags, and without what joins lines.
    const text = instruction
      .getTextContent()
      .replaceAll(/\\\n/g, '')
      .replace(/^\S+\s+/, '')
    if (keyword !== 'FROM') {
      current.push({ keyword, text })
      continue
    }
    const [, base = '', name = ''] = /^(\S+)(?: AS (\S+))?$/i.exec(text) ?? []
    current = []
    stages.set(name, { base, instructions: current })
  }
  return stages
}

/** Throws when there is no such target. */
export function imageOf(target: string, text = DOCKERFILE): Image {
  const stages = stagesOf(text)
  if (!stages.has(target)) throw new Error(`The Dockerfile has no target ${target}.`)
  const all: Instruction[] = []
  for (let stage = stages.get(target); stage !== undefined; stage = stages.get(stage.base))
    all.unshift(...stage.instructions)
  const textsOf = (keyword: string) => all.filter((one) => one.keyword === keyword).map((one) => one.text)
  const lastOf = (keyword: string) => textsOf(keyword).at(-1) ?? ''
  return {
    entrypoint: words(lastOf('ENTRYPOINT')),
    command: words(lastOf('CMD')),
    healthcheck: words(lastOf('HEALTHCHECK').replace(/^.*?CMD\s+/s, '')),
    user: lastOf('USER'),
    workdir: lastOf('WORKDIR'),
    ports: textsOf('EXPOSE'),
    environment: environmentOf(textsOf('ENV')),
    copied: textsOf('COPY').map((one) => {
      const [, stage = '', from = '', to = ''] = /^--from=(\S+) (\S+) (\S+)$/.exec(one) ?? []
      return { stage, from, to }
    }),
    ran: textsOf('RUN'),
  }
}

// The form of a list of words: the other one needs a shell, which would get the signals.
function words(text: string): string[] {
  return JSON.parse(text || '[]')
}

// With the PATH of Debian's images before it.
function environmentOf(settings: readonly string[]): Record<string, string> {
  const environment: Record<string, string> = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  }
  for (const setting of settings) {
    const [, name = '', value = ''] = /^(\w+)=(.*)$/.exec(setting) ?? []
    environment[name] = value.replaceAll(/\$(\w+)/g, (_, other) => environment[other] ?? '')
  }
  return environment
}
