// How a machine becomes a worker: the code an admin was shown is used up for a token, which is saved as the login of this
// state directory. A machine that is a worker already stays the one it is.

import type { Output } from '../../api/schemas.ts'
import { isPassing } from '../../client/problem.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { Secret } from '../../domain/secret.ts'
import { codeKind } from '../../domain/token.ts'
import { type Connection, clientFor, findServer, savedLogin } from '../connection.ts'
import type { Context } from '../context.ts'
import {
  isOfServer,
  type Login,
  loginFile,
  mustBeAbleToSave,
  readLogin,
  readPiped,
  saveLogin,
} from '../secrets.ts'
import { recognise, remember } from '../signing-in/known-servers.ts'

/** `enrol`: the code, or true when it is to be asked for. Whoever types the same line again after a restart is not asked. */
export async function enrolHere(
  context: Context,
  enrol: string | true,
  acceptServer: boolean,
): Promise<void> {
  const settings = context.settings(true)
  const { stateDirectory } = settings
  const server = await findServer(settings)
  if ((context.dependencies.env['CLAVIGER_TOKEN'] ?? '') !== '')
    context.ui.note('CLAVIGER_TOKEN is set and wins over what is enrolled here.')
  const known = await knownWorker(stateDirectory, server)
  if (known !== null) {
    if (acceptServer) await remember(context, server, await recognise(context, server, true))
    return sayKnown(context, server, known)
  }
  await mustBeNobodys(stateDirectory, server)
  const installation = await recognise(context, server, acceptServer)
  const code = (enrol === true ? await enterCode(context, server) : enrol).trim()
  await mustBeAbleToSave(stateDirectory)
  const { token, ...worker } = await clientFor(server, null).call('workers.join', { code })
  await saveLogin(stateDirectory, { server, token: new Secret(token) })
  await remember(context, server, installation)
  const as = worker.agent === null ? '' : `, as the agent ${worker.agent}`
  context.ui.answer({ server, ...worker }, () => [
    `Enrolled as ${worker.name} of ${worker.organization.name}${as}.`,
    `Saved in ${loginFile(stateDirectory)}.`,
  ])
}

/** Throws with what to type when whoever this is may carry out nothing. A server that is away is waited for elsewhere. */
export async function mustBeWorker({ client, server, token }: Connection): Promise<void> {
  if (token === null) {
    throw new ClavigerError('unauthenticated', `This machine is no worker of ${server} yet.`, {
      hint: enrolLine(server),
    })
  }
  const who = await unlessAway(client.call('whoami', {}))
  if (who === null || who.kind === 'worker') return
  throw new ClavigerError('forbidden', `A worker has a token of its own, and this is that of ${who.name}.`, {
    hint: `${ASK_FOR_CODE}, in a directory of its own: ${ownDirectoryLine(server)}`,
  })
}

/** What enrols a worker beside people, whose login it leaves alone. */
export function ownDirectoryLine(server: string): string {
  return `CLAVIGER_STATE_DIR=~/.claviger-worker claviger worker --server ${server} --enrol`
}

function enrolLine(server: string): string {
  return `${ASK_FOR_CODE}: claviger worker --server ${server} --enrol`
}

const ASK_FOR_CODE = 'Ask an admin for a code (claviger admin worker enrol NAME), then'

// Whoever types `claviger` in the same state directory would be the worker from then on.
async function mustBeNobodys(stateDirectory: string, server: string): Promise<void> {
  const hint = `Give the worker one of its own: ${ownDirectoryLine(server)}`
  if (await isOfServer(stateDirectory)) {
    throw new ClavigerError(
      'conflict',
      'This is the state directory of a server, and the worker would take the place of its owner here.',
      { hint },
    )
  }
  const login = await readLogin(stateDirectory)
  if (login === null) return
  const whose = await ownerOf(login)
  if (whose === null) return
  throw new ClavigerError(
    'conflict',
    `${whose} is saved here, and that of the worker would take its place.`,
    { hint: `${hint}. Or, if it is not needed any more: claviger logout` },
  )
}

// Null: its server refuses it, so nobody misses it.
async function ownerOf({ server, token }: Login): Promise<string | null> {
  try {
    const who = await unlessAway(clientFor(server, token).call('whoami', {}))
    return who === null ? `A login for ${server}` : `The login of ${who.name}`
  } catch (error) {
    if (error instanceof ClavigerError && error.code === 'unauthenticated') return null
    throw error
  }
}

type Known = Output<'whoami'> | 'nobody knows now'

// What is saved may be a person's, or that of a worker which was revoked.
async function knownWorker(stateDirectory: string, server: string): Promise<Known | null> {
  const token = await savedLogin(stateDirectory, server)
  if (token === null) return null
  try {
    const who = await unlessAway(clientFor(server, token).call('whoami', {}))
    if (who === null) return 'nobody knows now'
    return who.kind === 'worker' ? who : null
  } catch (error) {
    if (error instanceof ClavigerError && error.code === 'unauthenticated') return null
    throw error
  }
}

function sayKnown({ ui }: Context, server: string, known: Known): void {
  if (known === 'nobody knows now') {
    ui.note(`It goes on with the login saved for ${server}.`)
    return
  }
  const { id, name, agent, organization } = known
  ui.answer({ server, id, name, agent, organization }, () => [])
  ui.note(
    `This machine is the worker ${name} of ${organization.name} already; the code was not used. To enrol it anew: claviger logout`,
  )
}

async function unlessAway<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch (error) {
    if (isPassing(error)) return null
    throw error
  }
}

async function enterCode({ ui, dependencies }: Context, server: string): Promise<string> {
  if (dependencies.stdin.isTTY !== true) return readPiped(dependencies.stdin)
  if (ui.interactive) {
    const check = (text: string) =>
      codeKind(text.trim()) === 'enrol'
        ? undefined
        : 'That is not an enrolment code; one starts with clv_enrol_.'
    return ui.askSecret(`Enrolment code for ${server}`, check)
  }
  throw new ClavigerError('invalid', 'There is no terminal to ask for the code on.', {
    hint: 'Pipe it to standard input.',
  })
}
