// What deployment files may refer to: targets, settings and ports that there are, and commands that can be typed.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SETTINGS } from '../../src/domain/settings/settings.ts'
import { RENEWAL_LIMIT_MS } from '../../src/providers/claude/renew.ts'
import { DOCKERFILE, imageOf, stagesOf } from '../support/dockerfile.ts'
import { ROOT } from '../support/programs.ts'
import { faultsOf } from '../support/typed-commands.ts'

/** Of the servers. */
export const PORT = 7717

/**
 * What a server needs to stop, in seconds: renewals under way are waited for, because what they bring would be lost; before
 * them requests get ten seconds, and balancers a few to notice.
 */
export const SERVER_STOPS_IN = RENEWAL_LIMIT_MS / 1_000 + 30

// Programs of runs get five seconds, last words to the server three; it may not answer.
const WORKER_STOPS_IN = 30

/** What is wrong with how long a container is given to stop. */
export function patienceFaults(command: readonly string[] | undefined, seconds: number): string[] {
  const [verb] = command ?? []
  const needed = verb === 'serve' ? SERVER_STOPS_IN : verb === 'worker' ? WORKER_STOPS_IN : 0
  return seconds >= needed ? [] : [`it is killed after ${seconds} seconds, and needs ${needed}`]
}

/** Which all that is built of this checkout is called by. */
export const VERSION: string = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version

const VARIABLES = new Set<string>(
  Object.values(SETTINGS).flatMap((one) => [one.variable, ...('aliases' in one ? one.aliases : [])]),
)

/** One container of a manifest, whatever its format. */
export interface ContainerSaid {
  readonly where: string
  readonly image: string
  /** In the place of ENTRYPOINT. */
  readonly entrypoint?: readonly string[]
  /** In the place of CMD. */
  readonly command?: readonly string[]
  readonly variables: readonly string[]
  /** Of health checks and hooks. */
  readonly others: readonly (readonly string[])[]
}

/** The target of the Dockerfile that an image was built as; null where it is none of ours. */
export function targetOf(image: string): string | null {
  return /(?:^|\/)claviger-([^:]+)(?::|$)/.exec(image)?.[1] ?? null
}

export function isOurs(image: string): boolean {
  return targetOf(image) !== null
}

export function containerFaults({
  where,
  image,
  entrypoint,
  command,
  variables,
  others,
}: ContainerSaid): string[] {
  const target = targetOf(image)
  if (target === null) return []
  if (!stagesOf(DOCKERFILE).has(target)) return [`${where}: the Dockerfile has no target ${target}`]
  const typed =
    entrypoint === undefined ? [['claviger', ...(command ?? imageOf(target).command)]] : [entrypoint]
  return [
    // Nodes keep what they have under a tag: another version under it would never run.
    ...(image.endsWith(`:${VERSION}`) ? [] : [`${where}: ${image} is not version ${VERSION}`]),
    ...variables
      .filter((name) => name.startsWith('CLAVIGER_') && !VARIABLES.has(name))
      .map((name) => `${where}: there is no setting ${name}`),
    ...[...typed, ...others].flatMap((words) => commandFaults(where, target, words)),
  ]
}

// `claviger …`, also in a pipe of a shell; and a program of an agent only where its image has it.
function commandFaults(where: string, target: string, words: readonly string[]): string[] {
  const spoken = words[0] === '/usr/bin/tini' ? words.slice(2) : words
  const [program = ''] = spoken
  const lines =
    program === 'sh' ? (spoken[2] ?? '').split('|').map((one) => one.trim().split(/\s+/)) : [spoken]
  const ours = lines.filter(([first]) => first === 'claviger').map(([, ...rest]) => rest)
  const after = ours.flatMap((rest) => (rest.includes('--') ? [rest.slice(rest.indexOf('--') + 1)] : []))
  const started = [...lines, ...after].map(([first = '']) => first)
  return [
    ...ours.flatMap((rest) => faultsOf({ where, words: rest })),
    ...['claude', 'codex']
      .filter((agent) => started.includes(agent) && ![agent, 'full'].includes(target))
      .map((agent) => `${where}: the image ${target} has no ${agent}`),
  ]
}
