// The worker of one command: it carries out the runs of this process in a directory that nobody else uses, and leaves
// nothing there.

import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { ensureEmbedded } from '../control/machines/embedded.ts'
import type { Ports } from '../control/use-case.ts'
import { ClavigerError } from '../domain/errors.ts'
import type { HarnessName } from '../domain/harness-names.ts'
import { claude } from '../harnesses/claude.ts'
import { codex } from '../harnesses/codex.ts'
import type { FirstPeople } from '../identity/identity.ts'
import { programMissing } from '../runner/programs.ts'
import { runPlacesOf } from '../runner/worker/workshop.ts'
import { workerTokenFile } from '../server/state-directory.ts'
import { beginWorking, createFinder, type Found, type WorkingOptions } from './working.ts'

const HARNESSES = [claude, codex]

export interface OnCallOptions extends WorkingOptions {
  readonly ports: Ports
  readonly people: FirstPeople
  /** Its own, made by this. */
  readonly directory: string
}

export interface OnCall {
  /** Ends what runs, and removes the directory. */
  stop(): Promise<void>
}

/** Works for runs of this harness from now on. Throws `not_found` when this machine does not have its program. */
export async function workOnCall(options: OnCallOptions, harness: HarnessName): Promise<OnCall> {
  const { ports, people, directory } = options
  const settings = { ...options.settings, stateDirectory: directory }
  await clearOnCall(directory)
  const found: Found = { harnesses: new Map(), programs: [] }
  await mkdir(directory, { recursive: true, mode: 0o700 })
  try {
    await createFinder(settings, found)()
    const wanted = HARNESSES.find(({ name }) => name === harness)
    if (wanted !== undefined && !found.harnesses.has(harness)) throw programMissing(wanted)
    const row = await ensureEmbedded(ports, people, workerTokenFile(directory), null)
    if (row === null) throw new ClavigerError('internal', 'The worker of this process was revoked.')
    // Nobody has worked with this store before.
    const names = { process: randomUUID(), ended: [] }
    const worker = await beginWorking({ ...options, settings }, found, { onlyFor: people.owner.id, names })
    // Whoever waits for its runs hears of them; it is dismissed by nobody.
    worker.over.catch(() => undefined)
    return {
      async stop() {
        await worker.stop()
        await clearOnCall(directory)
      },
    }
  } catch (error) {
    await clearOnCall(directory)
    throw error
  }
}

/** Ends and removes what a process has left there that was killed. */
export async function clearOnCall(directory: string): Promise<void> {
  await runPlacesOf(directory, HARNESSES).clean()
  await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
}
