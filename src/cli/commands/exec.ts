// `claviger exec`: runs a command with a credential for its harness.

import type { DeliveryMode } from '../../domain/delivery.ts'
import type { HarnessName } from '../../domain/harness-names.ts'
import { shellCommand } from '../../lib/shell-quote.ts'
import { leasesOf } from '../../runner/client-leases.ts'
import { runWithCredential } from '../../runner/exec.ts'
import type { Aside } from '../../runner/supervise.ts'
import { type ChosenConnection, connectToEither } from '../connection.ts'
import type { Context } from '../context.ts'
import { harnessMeant, type WaitOptions, waitedFor, workerWord } from './machine-words.ts'
import { programOverride } from './program-override.ts'

export interface ExecOptions extends WaitOptions {
  readonly harness?: HarnessName
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
  const harness = harnessMeant(context, options.harness)
  const connection = await connectToEither(context, options, true)
  const report = (line: string) => context.ui.note(`claviger: ${connection.hint(line)}`)
  return runCommand(context, connection, { ...options, harness }, { command, cwd: process.cwd(), report })
}

/** What is run, and who hears of it. */
export interface Command {
  readonly command: readonly string[]
  readonly cwd: string
  readonly report: (line: string) => void
  readonly aside?: Aside
}

/** Runs it with what the connection chooses; the exit code is its own. Throws what keeps it from being started. */
export async function runCommand(
  context: Context,
  { client, choice }: Pick<ChosenConnection, 'client' | 'choice'>,
  options: Pick<ExecOptions, 'delivery' | 'keepEnv' | 'ambient' | 'wait'> & { readonly harness: HarnessName },
  { command, cwd, report, aside }: Command,
): Promise<number> {
  const { dependencies } = context
  const { delivery } = options
  const harness = await dependencies.harnessOf(options.harness)
  return runWithCredential(
    { harness, leases: waitedFor(leasesOf(client), options, report), report },
    {
      ...{ command, cwd },
      environment: dependencies.env,
      stateDirectory: context.settings().stateDirectory,
      allowHttp: context.settings().allowHttp,
      noAmbient: !options.ambient,
      keepEnvironment: options.keepEnv === true,
      ...{ ...choice, ...workerWord(context) },
      ...(delivery !== undefined && { delivery }),
      ...(aside !== undefined && { aside }),
      ...programOverride(context, options.harness),
      helperCommand: (kind, leaseFile) =>
        shellCommand([...dependencies.selfCommand, 'helper', kind, '--lease-file', leaseFile]),
    },
  )
}
