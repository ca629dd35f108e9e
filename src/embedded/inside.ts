// The worker inside of a server's own process. It carries out runs of the first person while they are the only one: an agent
// that runs as the server's user can read what the server can.

import { createGuard } from '../control/guard.ts'
import {
  ensureEmbedded,
  findEmbedded,
  firstPerson,
  isAlone,
  letGoEmbedded,
} from '../control/machines/embedded.ts'
import { asClavigerError, inOneLine } from '../domain/errors.ts'
import { HARNESS_TITLE, HARNESSES, INSTALL_COMMAND } from '../domain/harness-names.ts'
import { type Hold, holdStateDirectory } from '../runner/machine/hold.ts'
import type { Worker } from '../runner/worker/worker.ts'
import { workerTokenFile } from '../server/state-directory.ts'
import type { WorkerRow } from '../store/machine-groups.ts'
import type { EmbeddedOptions, Keeper } from './keeper.ts'
import { beginWorking, createFinder, type Found } from './working.ts'

export function createInsideKeeper(options: EmbeddedOptions, dismissed: () => void): Keeper {
  const { ports, log, people } = options
  const found: Found = { harnesses: new Map(), programs: [] }
  const look = createFinder(options.settings, found)
  let working: Working | null = null
  let isOver = false
  let wasOff = false
  let wasBare = false
  let rested = Promise.resolve()
  const rest = () => {
    const ended = working
    working = null
    if (ended !== null) rested = rested.then(() => endNow(ended))
    return rested
  }
  const dismiss = (reason: string) => {
    isOver = true
    void rest()
    log.warn({}, `${reason} The embedded worker stays off. Carry out runs with: claviger worker`)
    dismissed()
  }
  const turnOff = async () => {
    if (!wasOff)
      log.info(
        {},
        'there is a second person, so the embedded worker is off: an agent here could read what the server can. Carry out runs with: claviger worker',
      )
    wasOff = true
    await rest()
    const row = await findEmbedded(ports, workerTokenFile(options.settings.stateDirectory))
    if (row !== undefined) await letGoEmbedded({ ...ports, guard: createGuard(ports) }, row)
  }
  const turnOn = async (onlyFor: string) => {
    const row = await enrolled(options)
    if (row === null) return dismiss('It was revoked; to have it again remove embedded-worker.token.')
    const hold = holdStateDirectory(options.settings.stateDirectory)
    const worker = await beginWorking({ ...options, version: ports.server.version }, found, {
      onlyFor,
      names: hold,
    }).catch((thrown: unknown) => {
      hold.release()
      throw thrown
    })
    working = { worker, hold }
    wasOff = false
    log.debug(
      { worker: row.id, harnesses: [...found.harnesses.keys()] },
      'the embedded worker carries out runs',
    )
    worker.over.catch((thrown: unknown) => {
      if (working?.worker === worker) dismiss(inOneLine(asClavigerError(thrown)))
    })
  }
  return {
    rest,
    isOver: () => isOver,
    async look() {
      const onlyFor = await firstPerson(ports, people)
      if (!(await isAlone(ports.identity, onlyFor))) return turnOff()
      await look()
      if (found.programs.length === 0 && !wasBare) sayBare(log)
      wasBare = found.programs.length === 0
      if (working === null && found.programs.length > 0) await turnOn(onlyFor)
    },
  }
}

function sayBare(log: EmbeddedOptions['log']): void {
  const ways = HARNESSES.map((harness) => `${HARNESS_TITLE[harness]}: ${INSTALL_COMMAND[harness]}`)
  log.info(
    {},
    `no coding agent is installed here, so runs wait. It is found by itself within a minute after one is. ${ways.join('; ')}`,
  )
}

function enrolled({ ports, people, settings, place }: EmbeddedOptions): Promise<WorkerRow | null> {
  return ensureEmbedded(ports, people, workerTokenFile(settings.stateDirectory), place)
}

async function endNow({ worker, hold }: Working): Promise<void> {
  try {
    await worker.stop()
  } finally {
    hold.release()
  }
}

interface Working {
  readonly worker: Worker
  readonly hold: Hold
}
