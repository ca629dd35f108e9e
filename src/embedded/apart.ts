// The worker of a server as a process of another user of the machine. That user cannot read what the server can, so it
// carries out runs of everybody, like any worker.

import { join } from 'node:path'
import { environment, type ServerSettings } from '../config.ts'
import { APART, ensureEmbedded } from '../control/machines/embedded.ts'
import { ClavigerError } from '../domain/errors.ts'
import type { Secret } from '../domain/secret.ts'
import { findMachineUser, type MachineUser } from '../lib/programs/machine-user.ts'
import { type AttachedWorker, startAttachedWorker } from '../runner/worker/attached.ts'
import { workerTokenFile } from '../server/state-directory.ts'
import { addressHere, type EmbeddedOptions, type Keeper } from './keeper.ts'

type WantedUser = NonNullable<ServerSettings['embeddedWorkerUser']>

// One that ended by itself is started again after so long, in milliseconds.
const AGAIN_AFTER = 5_000

// Of the server's environment. Its keys, its database and whatever else it was given are the server's.
const HANDED_ON =
  /^(PATH|LANG|LC_\w+|TZ|TERM|(https?|no|all)_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|CLAVIGER_(WORKER_\w+|TURN_\w+|MODELS|CLAUDE_BIN|CODEX_BIN|ALLOW_HTTP))$/i

export function createApartKeeper(
  options: EmbeddedOptions,
  wanted: WantedUser,
  dismissed: () => void,
): Keeper {
  const { ports, people, settings, place, log } = options
  const file = workerTokenFile(settings.stateDirectory, 'embedded-apart.token')
  let working: AttachedWorker | null = null
  let endedAt = Number.NEGATIVE_INFINITY
  let isOver = false
  const noteEnd = (ended: AttachedWorker, why: string) => {
    if (working !== ended) return
    working = null
    endedAt = performance.now()
    log.warn({}, `the embedded worker has ended (${why}); it is started again`)
  }
  const begin = async () => {
    const user = await mustBeUser(wanted)
    if ((await ensureEmbedded(ports, people, file, place, APART)) === null) {
      isOver = true
      log.warn({}, 'It was revoked; to have it again remove embedded-apart.token.')
      return dismissed()
    }
    const worker = start(options, wanted, user, await file.read())
    working = worker
    log.info({ user: user.name, pid: worker.pid }, 'the embedded worker carries out runs as another user')
    worker.over.then(
      (code) => noteEnd(worker, code === null ? 'by a signal' : `exit code ${code}`),
      (error: unknown) => noteEnd(worker, String(error)),
    )
  }
  return {
    isOver: () => isOver,
    async look() {
      if (working === null && performance.now() - endedAt >= AGAIN_AFTER) await begin()
    },
    async rest() {
      const ended = working
      working = null
      await ended?.stop()
    },
  }
}

function start(
  { url, selfCommand, log }: EmbeddedOptions,
  wanted: WantedUser,
  user: MachineUser,
  token: Secret | null,
): AttachedWorker {
  if (token === null) throw new ClavigerError('not_found', 'Its token is gone.')
  const home = wanted.home ?? user.home
  return startAttachedWorker({
    ...{ command: selfCommand, user, home, token, server: addressHere(url) },
    stateDirectory: join(home, '.claviger-worker'),
    environment: Object.fromEntries(Object.entries(environment()).filter(([name]) => HANDED_ON.test(name))),
    said: (line) => log.debug({}, `embedded worker: ${line}`),
  })
}

/** The user it is to be. Throws `invalid` or `unavailable` with what to do. */
export async function mustBeUser({ name }: WantedUser): Promise<MachineUser> {
  if (process.geteuid?.() !== 0) {
    throw new ClavigerError('unavailable', `Only root may start a worker as ${name}.`, {
      hint: 'Leave out CLAVIGER_EMBEDDED_WORKER_USER, and run as that user: claviger worker',
    })
  }
  const user = await findMachineUser(name)
  if (user === null) {
    throw new ClavigerError('invalid', `This machine has no user ${name}.`, {
      hint: 'Make one, for example: useradd --system --create-home claviger-worker',
    })
  }
  if (user.uid === 0) {
    throw new ClavigerError('invalid', `${name} is root, which can read whatever the server can.`, {
      hint: 'Name another user in CLAVIGER_EMBEDDED_WORKER_USER.',
    })
  }
  return user
}
