// A stand-in for `claviger exec` as a process of its own: the runner with a lease source that is a file. Tests start
// it with the path of a specification, send it signals, and read what it logged.

import { appendFileSync, readFileSync } from 'node:fs'
import type { CredentialType } from '../../src/domain/credential-types.ts'
import type { DeliveryMode } from '../../src/domain/delivery.ts'
import { ClavigerError } from '../../src/domain/errors.ts'
import { Secret } from '../../src/domain/secret.ts'
import { claude } from '../../src/harnesses/claude.ts'
import { codex } from '../../src/harnesses/codex.ts'
import { runWithCredential } from '../../src/runner/exec.ts'
import type { AcquiredLease, LeaseSource } from '../../src/runner/lease-source.ts'

export type ExecSpecification = {
  readonly harness: 'claude' | 'codex'
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly cwd: string
  readonly stateDirectory: string
  /** Null: the machine's own is chosen. */
  readonly credential: {
    readonly type: CredentialType
    readonly fields: Readonly<Record<string, string>>
    readonly suffix?: string
  } | null
  readonly raw?: readonly { readonly name: string; readonly value: string }[]
  readonly delivery?: DeliveryMode
  readonly keepEnvironment?: boolean
  readonly programOverride?: string
  /** The command lines of the helpers. */
  readonly helpers?: Readonly<Record<'api-key' | 'aws', string>>
  /** A file that gets one JSON line for everything that happened. */
  readonly log: string
  /** Where the driver itself runs, for relative paths. */
  readonly driverDirectory?: string
  /** How long the lease takes to come, milliseconds. */
  readonly leaseDelay?: number
}

/** One line of the log. */
export type ExecEvent =
  | { readonly acquired: { readonly ambient: string } }
  | { readonly released: string }
  | { readonly report: string }
  | { readonly failed: { readonly code: string; readonly message: string; readonly hint: string } }

export const DRIVER_FAILED = 70

const [path] = process.argv.slice(2)
if (path !== undefined && import.meta.main) {
  process.exitCode = await drive(JSON.parse(readFileSync(path, 'utf8')))
}

async function drive(spec: ExecSpecification): Promise<number> {
  const log = (event: ExecEvent) => appendFileSync(spec.log, `${JSON.stringify(event)}\n`)
  const { environment, command, cwd, stateDirectory, delivery, programOverride } = spec
  try {
    return await runWithCredential(
      {
        harness: spec.harness === 'claude' ? claude : codex,
        leases: leaseSource(spec, log),
        report: (line) => log({ report: line }),
      },
      {
        environment,
        command,
        cwd,
        stateDirectory,
        noAmbient: false,
        keepEnvironment: spec.keepEnvironment ?? false,
        helperCommand: (kind) => spec.helpers?.[kind] ?? 'exit 1',
        ...(delivery === undefined ? {} : { delivery }),
        ...(programOverride === undefined ? {} : { programOverride }),
      },
    )
  } catch (error) {
    if (!(error instanceof ClavigerError)) throw error
    log({ failed: { code: error.code, message: error.message, hint: error.hint ?? '' } })
    return DRIVER_FAILED
  }
}

function leaseSource(spec: ExecSpecification, log: (event: ExecEvent) => void): LeaseSource {
  return {
    async acquire({ ambient }) {
      log({ acquired: { ambient } })
      await new Promise((resolve) => setTimeout(resolve, spec.leaseDelay ?? 0))
      return leaseOf(spec)
    },
    async release(leaseId) {
      log({ released: leaseId })
    },
  }
}

function leaseOf({ credential, raw }: ExecSpecification): AcquiredLease {
  return {
    leaseId: `lease-${process.pid}`,
    handle: new Secret('handle-test-1'),
    serverUrl: 'http://127.0.0.1:1',
    expiresAt: Date.now() + 60_000,
    reason: 'it belongs to the organization',
    credential:
      credential === null
        ? null
        : {
            id: 'c1',
            name: 'main',
            owner: 'org',
            type: credential.type,
            suffix: credential.suffix ?? 'last',
            generation: 1,
            fields: secrets(credential.fields),
          },
    raw: (raw ?? []).map(({ name, value }) => ({ name, owner: 'org', value: new Secret(value) })),
  }
}

function secrets(fields: Readonly<Record<string, string>>): Record<string, Secret> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, new Secret(value)]))
}
