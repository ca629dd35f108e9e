// `claviger restore`: at boot, writes a credential into the harness's own files.

import type { HarnessName } from '../../domain/harness-names.ts'
import { leasesOf } from '../../runner/client-leases.ts'
import { restoreCredential } from '../../runner/restore.ts'
import { connectToEither } from '../connection.ts'
import type { Context } from '../context.ts'
import { programOverride } from './program-override.ts'

export interface RestoreOptions {
  readonly harness: HarnessName
  readonly credential?: string
  readonly profile?: string
  readonly team?: string
  readonly agent?: string
  /** False with --no-ambient. */
  readonly ambient: boolean
}

export async function run(context: Context, options: RestoreOptions): Promise<number> {
  const { dependencies, ui } = context
  const [{ client, choice, profiles }, harness] = await Promise.all([
    connectToEither(context, options, true),
    dependencies.harnessOf(options.harness),
  ])
  const lines: string[] = []
  const lease = await restoreCredential(
    { harness, leases: leasesOf(client), report: (line) => lines.push(line), warn: (line) => ui.note(line) },
    {
      environment: dependencies.env,
      cwd: process.cwd(),
      stateDirectory: context.settings().stateDirectory,
      allowHttp: context.settings().allowHttp,
      noAmbient: !options.ambient,
      // Nothing waits here, so Ctrl-C needs no help to end it.
      signal: new AbortController().signal,
      request: choice,
      isAlone: profiles !== null,
      ...programOverride(context, options.harness),
    },
  )
  const { name, owner, type } = lease.credential ?? { name: null, owner: null, type: null }
  ui.answer({ lease: lease.leaseId, credential: name && { name, owner, type }, report: lines }, () => lines)
  return 0
}
