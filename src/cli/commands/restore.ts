// `claviger restore`: at boot, writes a credential into the harness's own files.

import type { HarnessName } from '../../domain/harness-names.ts'
import { leasesOf } from '../../runner/client-leases.ts'
import { restoreCredential } from '../../runner/restore.ts'
import { connectToEither } from '../connection.ts'
import type { Context } from '../context.ts'
import { harnessMeant, type WaitOptions, waitedFor, workerWord } from './machine-words.ts'
import { programOverride } from './program-override.ts'

export interface RestoreOptions extends WaitOptions {
  readonly harness?: HarnessName
  readonly credential?: string
  readonly profile?: string
  readonly team?: string
  readonly agent?: string
  /** False with --no-ambient. */
  readonly ambient: boolean
}

export async function run(context: Context, options: RestoreOptions): Promise<number> {
  const { dependencies, ui } = context
  const named = harnessMeant(context, options.harness)
  const [{ client, choice, profiles }, harness] = await Promise.all([
    connectToEither(context, options, true),
    dependencies.harnessOf(named),
  ])
  const lines: string[] = []
  const lease = await restoreCredential(
    {
      ...{ harness, leases: waitedFor(leasesOf(client), options, ui.note) },
      report: (line) => lines.push(line),
      warn: (line) => ui.note(line),
    },
    {
      environment: dependencies.env,
      cwd: process.cwd(),
      stateDirectory: context.settings().stateDirectory,
      allowHttp: context.settings().allowHttp,
      noAmbient: !options.ambient,
      // Nothing is to be put in order, so Ctrl-C needs no help to end it.
      signal: new AbortController().signal,
      request: { ...choice, ...workerWord(context) },
      isAlone: profiles !== null,
      ...programOverride(context, named),
    },
  )
  const { name, owner, type } = lease.credential ?? { name: null, owner: null, type: null }
  ui.answer({ lease: lease.leaseId, credential: name && { name, owner, type }, report: lines }, () => lines)
  return 0
}
