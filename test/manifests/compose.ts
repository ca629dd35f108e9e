// What is wrong with a Compose file: by the schema of the Compose specification, by rules of dclint, and by what we promise
// of ours (docs/containers.md).

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DCLinter } from 'dclint'
import { parse } from 'yaml'
import { imageOf } from '../support/dockerfile.ts'
import { containerFaults, isOurs, PORT, patienceFaults, targetOf } from './world.ts'

interface Service {
  readonly image: string
  readonly pull_policy?: string
  readonly build?: { readonly target?: string }
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly healthcheck?: { readonly test?: readonly string[] }
  readonly depends_on?: Readonly<Record<string, { readonly condition?: string }>>
  readonly networks?: readonly string[]
  readonly ports?: readonly string[]
  readonly secrets?: readonly string[]
  readonly tmpfs?: readonly string[]
  readonly volumes?: readonly string[]
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly user?: string
  readonly stop_grace_period?: string
}

// Its own types lead to files that they do not name.
interface Linted {
  readonly messages: readonly { readonly rule: string; readonly message: string; readonly line: number }[]
}

interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>
  readonly networks?: Readonly<Record<string, { readonly internal?: boolean }>>
  readonly secrets?: Readonly<Record<string, { readonly file?: string }>>
}

// How it is written is our own affair; the rest of its rules hold.
const STYLE = {
  'no-build-and-image': 0,
  'no-quotes-in-volumes': 0,
  'service-keys-order': 0,
  'services-alphabetical-order': 0,
  'top-level-properties-order': 0,
} as const

export function composeFaults(text: string): string[] {
  const said = schemaFaults(text)
  if (said.length > 0) return said
  const file = parse(text, { merge: true }) as ComposeFile
  return Object.entries(file.services).flatMap(([name, service]) => [
    ...containerFaults({
      ...{ where: name, image: service.image, variables: Object.keys(service.environment ?? {}) },
      ...(service.command !== undefined && { command: service.command }),
      others: [(service.healthcheck?.test ?? []).slice(1)],
    }),
    ...serviceFaults(name, service),
    ...fileFaults(name, service, file),
  ])
}

function schemaFaults(text: string): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'claviger-compose-'))
  const path = join(directory, 'compose.yaml')
  try {
    writeFileSync(path, text)
    const linter = new DCLinter({ rules: STYLE, quiet: false, debug: false, exclude: [] })
    const linted: readonly Linted[] = linter.lintFiles([path], false)
    return linted.flatMap(({ messages }) =>
      messages.map(({ rule, message, line }) => `line ${line}: ${message} (${rule})`),
    )
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function serviceFaults(name: string, service: Service): string[] {
  const target = targetOf(service.image)
  const command = service.command ?? (target === null ? undefined : imageOf(target).command)
  const faults: (false | undefined | string)[] = [
    service.read_only !== true && 'its file system can be written to',
    !service.cap_drop?.includes('ALL') && 'it keeps capabilities',
    !service.security_opt?.includes('no-new-privileges:true') && 'it may gain privileges',
    !isOurs(service.image) && service.user === undefined && 'it may be root',
    isOurs(service.image) &&
      !service.tmpfs?.some((one) => /^\/tmp:.*\bexec\b/.test(one)) &&
      'programs can load nothing from /tmp',
    service.build !== undefined &&
      service.build.target !== target &&
      `it is built as ${service.build.target}`,
    isOurs(service.image) &&
      service.build === undefined &&
      service.pull_policy !== 'never' &&
      'a registry is asked for what another service builds',
    ...patienceFaults(command, Number.parseInt(service.stop_grace_period ?? '10s', 10)),
    ...(service.ports ?? []).map(
      (port) =>
        port !== `127.0.0.1:${PORT}:${PORT}` && `${port} is not the port of a server on this machine alone`,
    ),
    ...Object.entries(service.environment ?? {}).map(
      ([variable, value]) =>
        /:\/\/server:/.test(value) && !value.endsWith(`server:${PORT}`) && `${variable} names another port`,
    ),
    ...Object.keys(service.environment ?? {}).map(
      (variable) => /(PASSWORD|SECRET|KEY|TOKEN|DATABASE_URL)$/.test(variable) && `${variable} is no file`,
    ),
  ]
  return faults.filter((fault) => typeof fault === 'string').map((fault) => `${name}: ${fault}`)
}

// What two services have to do with each other.
function fileFaults(
  name: string,
  service: Service,
  { services, networks = {}, secrets = {} }: ComposeFile,
): string[] {
  const others = Object.entries(services).filter(([other]) => other !== name)
  const isWorker = service.command?.[0] === 'worker'
  const builders = Object.keys(services).filter(
    (one) => services[one]?.image === service.image && services[one]?.build !== undefined,
  )
  const faults: (false | string)[] = [
    // Engines build side by side, and the second of one tag is refused.
    isOurs(service.image) &&
      builders.length !== 1 &&
      `${service.image} is built by ${builders.join(' and ') || 'nobody'}`,
    ...(service.volumes ?? []).map((volume) => {
      const [source] = volume.split(':')
      const shared = others.find(([, { volumes }]) => volumes?.some((one) => one.split(':')[0] === source))
      return shared !== undefined && `it shares the volume ${source} with ${shared[0]}`
    }),
    ...(service.networks ?? []).map(
      (network) => isWorker && networks[network]?.internal === true && `a worker reaches ${network}`,
    ),
    ...(service.secrets ?? []).map(
      (secret) =>
        secrets[secret]?.file?.startsWith('./secrets/') !== true &&
        `there is no file of the secret ${secret}`,
    ),
    ...Object.entries(service.depends_on ?? {}).map(
      ([other, { condition }]) =>
        condition !== 'service_healthy' && `it does not wait until ${other} is healthy`,
    ),
  ]
  return faults.filter((fault) => fault !== false).map((fault) => `${name}: ${fault}`)
}
