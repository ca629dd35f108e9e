// What deployment files may refer to: targets, settings and ports that there are, and commands that can be typed.

import { SETTINGS } from '../../src/domain/settings/settings.ts'
import { DOCKERFILE, imageOf, stagesOf } from '../support/dockerfile.ts'
import { faultsOf } from '../support/typed-commands.ts'

/** Of the servers. */
export const PORT = 7717

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

export function isOurs(image: string): boolean {
  return /(^|\/)claviger:/.test(image)
}

export function containerFaults({
  where,
  image,
  entrypoint,
  command,
  variables,
  others,
}: ContainerSaid): string[] {
  if (!isOurs(image)) return []
  const target = image.split(':').at(-1) ?? ''
  if (!stagesOf(DOCKERFILE).has(target)) return [`${where}: the Dockerfile has no target ${target}`]
  const typed =
    entrypoint === undefined ? [['claviger', ...(command ?? imageOf(target).command)]] : [entrypoint]
  return [
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
