// `claviger exec`: runs a command with a credential for its harness.

import type { DeliveryMode } from '../../domain/delivery.ts'
import type { HarnessName } from '../../domain/harness-names.ts'
import { shellCommand } from '../../lib/shell-quote.ts'
import { leasesOf } from '../../runner/client-leases.ts'
import { runWithCredential } from '../../runner/exec.ts'
import { connectToEither } from '../connection.ts'
import type { Context } from '../context.ts'
import { programOverride } from './program-override.ts'

export interface ExecOptions {
  readonly harness: HarnessName
  readonly credential?: string
  readonly profile?: string
  readonly delivery?: DeliveryMode
  readonly keepEnv?: boolean
  /** False with --no-ambient. */
  readonly ambient: boolean
  readonly team?: string
  readonly agent?: string
}

/** The exit code is the command's own. */
export async function run(
  context: Context,
  options: ExecOptions,
  command: readonly string[],
): Promise<number> {
  const { dependencies, ui } = context
  const { delivery } = options
  const [{ client, choice }, harness] = await Promise.all([
    connectToEither(context, options, true),
    dependencies.harnessOf(options.harness),
  ])
  const report = (line: string) => ui.note(`claviger: ${line}`)
  return runWithCredential(
    { harness, leases: leasesOf(client), report },
    {
      command,
      environment: dependencies.env,
      cwd: process.cwd(),
      stateDirectory: context.settings().stateDirectory,
      allowHttp: context.settings().allowHttp,
      noAmbient: !options.ambient,
      keepEnvironment: options.keepEnv === true,
      ...choice,
      ...(delivery !== undefined && { delivery }),
      ...programOverride(context, options.harness),
      helperCommand: (kind, leaseFile) =>
        shellCommand([...dependencies.selfCommand, 'helper', kind, '--lease-file', leaseFile]),
    },
  )
}
