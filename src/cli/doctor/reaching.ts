// Whether a machine reaches its server: something answers, it is Claviger, it is the one that was meant, and it knows the token.

import type { Output } from '../../api/schemas.ts'
import { overNodeHttp } from '../../client/node-http.ts'
import { asClavigerError } from '../../domain/errors.ts'
import { UNKNOWN_TOKEN } from '../../domain/token.ts'
import { type Connection, connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { readLogin } from '../secrets.ts'
import { type Installation, type Look, lookAt, sayOther, titleOf } from '../signing-in/known-servers.ts'
import { judgeClock } from './clocks.ts'
import { type Finding, ok, problem } from './finding.ts'

type WhoAmI = Output<'whoami'>

interface Reached {
  readonly findings: readonly Finding[]
  readonly connection: Connection
  /** Null: it goes no further. */
  readonly who: WhoAmI | null
}

const REACH_MS = 10_000

/** With the settings of a worker, aliases included. */
export async function reachServer(context: Context): Promise<Reached> {
  const connection = await connect(context, true)
  const { server } = connection
  const nothing = await reach(server)
  if (nothing !== null) return { findings: [nothing], connection, who: null }
  const answers = ok('server', `${server} answers`)
  try {
    const look = await lookAt(context.settings(true).stateDirectory, server)
    const found = [answers, ...sayInstallation(server, look), ...checkAgainst(context, look.now)]
    return await signIn(context, connection, look, found)
  } catch (thrown) {
    const { message, hint } = asClavigerError(thrown)
    return { findings: [answers, problem('not_reachable', 'server', message, hint)], connection, who: null }
  }
}

/** Which installation answers there, and whether it is the one that did before; nothing of an older server. */
export function sayInstallation(server: string, look: Look): Finding[] {
  const { now } = look
  const other = sayOther(server, look)
  return [
    ...(now === null ? [] : [ok('installation', titleOf(now))]),
    ...(other === null
      ? []
      : [{ level: 'warn', what: 'installation', said: `${other}.`, hint: ACCEPT } as const]),
  ]
}

const ACCEPT =
  'Check the address, and where a tunnel leads. If it was put in its place or restored: claviger login --accept-server, or worker --enrol --accept-server'

// Any HTTP server may listen there; ours says that it is alive.
async function reach(server: string): Promise<Finding | null> {
  const exchange = { method: 'GET', url: `${server}/healthz`, headers: {}, body: null, timeoutMs: REACH_MS }
  const answer = await overNodeHttp(exchange).catch(() => null)
  if (answer === null) {
    const hint = 'Start it with claviger serve there, or set CLAVIGER_SERVER to where it runs.'
    return problem('not_reachable', 'server', `nothing answers at ${server}.`, hint)
  }
  if (answer.status === 200 && /"status":"alive"/.test(answer.text)) return null
  const said = `${server} answers ${answer.status}, which is not how Claviger answers.`
  return problem('wrong_server', 'server', said, 'Set CLAVIGER_SERVER to the address of the server.')
}

// The program here, and the clock, against those of the server.
function checkAgainst({ dependencies }: Context, now: Installation | null): Finding[] {
  if (now === null) return []
  const { version: own } = dependencies
  const what = 'version'
  const differs = `${own} here, ${now.version} of the server.`
  const hint = 'Update the older of the two.'
  return [
    own === now.version ? ok(what, `${own}, as the server`) : { level: 'warn', what, said: differs, hint },
    judgeClock('Claviger', 'the server', Date.parse(now.time) - Date.now()),
  ]
}

async function signIn(
  context: Context,
  connection: Connection,
  look: Look,
  findings: readonly Finding[],
): Promise<Reached> {
  try {
    const who = await connection.client.call('whoami', {})
    const token = ok('token', `${connection.tokenSource ?? 'none'}, of ${who.name} (${who.role})`)
    return { findings: [...findings, token], connection, who }
  } catch (thrown) {
    return {
      findings: [...findings, await tokenProblem(context, connection, look, thrown)],
      connection,
      who: null,
    }
  }
}

async function tokenProblem(
  context: Context,
  { server, token, tokenSource }: Connection,
  { now, before, isOther }: Look,
  thrown: unknown,
): Promise<Finding> {
  const { message, hint, code } = asClavigerError(thrown)
  if (code === 'unreachable') return problem('not_reachable', 'token', message, hint)
  const login = token === null ? await readLogin(context.settings(true).stateDirectory) : null
  if (login !== null) {
    const said = `the saved login is for ${login.server}, not for ${server}.`
    return problem('wrong_server', 'token', said, `Type: claviger login --server ${server}`)
  }
  const isUnknown = message === UNKNOWN_TOKEN
  if (!isUnknown && !isOther) return { ...problem('not_allowed', 'token', message, hint), code }
  const here = now === null ? '' : ` (${titleOf(now)})`
  const was = isOther && before !== null ? ` Before it was ${titleOf(before)}.` : ''
  const said = `${server}${here} has never made the token of ${tokenSource}: it is of another server.${was}`
  return problem('wrong_server', 'token', said, 'Compare CLAVIGER_SERVER with where the token was made.')
}
