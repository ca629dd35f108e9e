// A lease at the place of a run: copies of the settings that the worker's user has, with the credential in them, in the
// run's own configuration home, and the environment of its processes. They go when nothing runs there; sessions stay.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeliveredFile } from '../../../domain/delivery.ts'
import { ClavigerError } from '../../../domain/errors.ts'
import { Secret } from '../../../domain/secret.ts'
import type { Harness, MachineState } from '../../../harnesses/harness.ts'
import { writeFileAtomically } from '../../../lib/atomic-file.ts'
import { type AcquiredLease, deliverable } from '../../lease-source.ts'
import { addRawSecrets, applyDelivery, type Environment, readMachine } from '../../materialize.ts'
import type { RunPlace } from '../../workspaces/workspace.ts'
import { shielded } from './shielded.ts'

export interface Delivered {
  readonly environment: Environment
  /** The program's configuration home: the run's own, or where the login lies that the machine itself has. */
  readonly configuration: string
  /** A renewed credential is written where the program looks again. */
  readonly isLive: boolean
  /** What was set aside or skipped, by name. */
  readonly report: readonly string[]
}

export interface Delivering {
  readonly harness: Harness
  readonly place: RunPlace
  /** The worker's own, without settings of ours. */
  readonly environment: Environment
  /** Where the program's configuration lies on this machine when nobody says anything else. */
  readonly ownConfiguration: string
  readonly allowHttp: boolean
  /** Nothing of the machine and of the project is there then but what lies in the workspace. */
  readonly isForStrangers: boolean
}

/** Writes what the program of the run reads. Throws as `deliver` of the harness. */
export async function deliverLease(delivering: Delivering, lease: AcquiredLease): Promise<Delivered> {
  const { harness, place, isForStrangers } = delivering
  await removeDelivered(harness, place)
  if (isForStrangers && lease.credential === null) throw nothingOfTheMachine()
  const shield = isForStrangers ? shielded(harness, delivering.environment, place) : null
  const worker = shield?.environment ?? delivering.environment
  const machine: MachineState =
    shield === null
      ? await readMachine(harness, worker, place.workspace)
      : { environment: worker, userFiles: {}, projectFiles: {} }
  if (lease.credential === null) return ambientOf(delivering, machine, lease)
  const delivery = harness.deliver({
    ...machine,
    credential: lease.credential,
    lease: deliverable(lease, lease.credential, delivering.allowHttp),
    mode: harness.defaultMode(lease.credential.type, [harness.program, '--print']),
    helperCommand: noHelper,
  })
  await writeAll(delivery.files, place.configuration)
  const own = { ...worker, [harness.configurationHome.variable]: place.configuration }
  const complete = addRawSecrets(worker, applyDelivery(own, delivery), harness, lease.raw)
  return {
    environment: complete.environment,
    configuration: place.configuration,
    isLive: delivery.isLive === true,
    report: [...(shield?.report ?? []), ...delivery.report, ...complete.report],
  }
}

// The program with what the machine has of its own. A key in the environment or the settings goes with both of these; a
// login is used where it lies, because a copy of it would be a second holder.
async function ambientOf(
  { harness, place, environment, ownConfiguration }: Delivering,
  machine: MachineState,
  lease: AcquiredLease,
): Promise<Delivered> {
  const isLogin = harness.ambient(machine) === 'login'
  const configuration = isLogin ? ownConfiguration : place.configuration
  const own = { ...environment, [harness.configurationHome.variable]: configuration }
  if (!isLogin) {
    const settings = Object.entries(machine.userFiles).filter(([path]) => path !== harness.login)
    await writeAll(
      settings.map(([path, text]) => ({ path, content: new Secret(text) })),
      configuration,
    )
  }
  const complete = addRawSecrets(environment, isLogin ? environment : own, harness, lease.raw)
  return { ...complete, configuration, isLive: false }
}

function nothingOfTheMachine(): ClavigerError {
  return new ClavigerError('forbidden', 'What this machine has of its own serves no strangers.', {
    hint: 'Attach a credential to the agent: claviger admin agent attach NAME CREDENTIAL',
  })
}

// A process of a run reads its credential from files and variables: it has a supervisor that hands it another.
function noHelper(): string {
  return 'false'
}

/** Removes what was delivered, or left by a worker that was killed. */
export async function removeDelivered(
  harness: Harness,
  { configuration }: Pick<RunPlace, 'configuration'>,
): Promise<void> {
  const paths = [...harness.reads, harness.login].filter((path) => !path.includes('*'))
  for (const path of paths) await rm(join(configuration, path), { force: true })
}

async function writeAll(files: readonly DeliveredFile[], directory: string): Promise<void> {
  for (const { path, content } of files) await writeFileAtomically(join(directory, path), content.expose())
}
