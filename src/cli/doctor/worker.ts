// `claviger doctor --worker`: would a run on this machine get a credential? Each step needs the one before: the server is
// reached, it is Claviger, it takes the token, something is stored that may serve, and the program is there to use it.

import type { DecisionView, Output } from '../../api/schemas.ts'
import type { Client } from '../../client/client.ts'
import { overNodeHttp } from '../../client/node-http.ts'
import { may, mayCredential } from '../../domain/caller.ts'
import { asClavigerError } from '../../domain/errors.ts'
import { HARNESS_TITLE, type HarnessName } from '../../domain/harness-names.ts'
import { parseOwner } from '../../domain/owner.ts'
import type { Harness } from '../../harnesses/harness.ts'
import { withoutOwnSettings } from '../../runner/materialize.ts'
import { askStatus } from '../../runner/programs.ts'
import { ambientHere, howToGetOne } from '../commands/explain.ts'
import { type Connection, connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { callerOf, ownerTitle } from '../owner-flags.ts'
import { readLogin } from '../secrets.ts'
import { type Finding, ok, problem } from './finding.ts'
import { checkProgram, type FoundProgram, findProgramOf } from './program-check.ts'

type WhoAmI = Output<'whoami'>

const REACH_MS = 10_000

/** The findings of a machine that runs agents. Its settings are those of `exec` and `restore`, their aliases included. */
export async function examineWorker(context: Context, harnesses: readonly HarnessName[]): Promise<Finding[]> {
  const programs = await Promise.all(harnesses.map((name) => findProgramOf(context, name)))
  const { findings, client, who } = await examineServer(context)
  const all: Finding[] = [...findings]
  for (const found of programs) {
    if (client !== null && who !== null) all.push(await checkCredential(context, client, who, found))
    all.push(await checkProgram(context, found))
    if (found.path !== null) all.push(await checkOwnLogin(context, found.harness, found.path))
  }
  return all
}

async function examineServer(
  context: Context,
): Promise<{ findings: Finding[]; client: Client | null; who: WhoAmI | null }> {
  const connection = await connect(context, true)
  const reached = await reach(connection.server)
  if (reached !== null) return { findings: [reached], client: null, who: null }
  const server = ok('server', `${connection.server} answers`)
  try {
    const who = await connection.client.call('whoami', {})
    const token = ok('token', `${connection.tokenSource ?? 'none'}, of ${who.name} (${who.role})`)
    return { findings: [server, token], client: connection.client, who }
  } catch (thrown) {
    return { findings: [server, await tokenProblem(context, connection, thrown)], client: null, who: null }
  }
}

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

async function tokenProblem(
  context: Context,
  { server, token }: Connection,
  thrown: unknown,
): Promise<Finding> {
  const { message, hint, code } = asClavigerError(thrown)
  if (code === 'unreachable') return problem('not_reachable', 'server', message, hint)
  const login = token === null ? await readLogin(context.settings().stateDirectory) : null
  if (login === null) return problem('not_allowed', 'token', message, hint)
  const said = `the saved login is for ${login.server}, not for ${server}.`
  return problem('wrong_server', 'token', said, `Type: claviger login --server ${server}`)
}

async function checkCredential(
  context: Context,
  client: Client,
  who: WhoAmI,
  { harness: { name } }: FoundProgram,
): Promise<Finding> {
  const what = `${HARNESS_TITLE[name]} credential`
  try {
    const ambient = await ambientHere(context, { harness: name, ambient: true }, who)
    const { decisions } = await client.call('explain', { harness: name, ambient })
    return judge(what, name, decisions, who)
  } catch (thrown) {
    const { code, message, hint } = asClavigerError(thrown)
    return problem(code === 'unreachable' ? 'not_reachable' : 'not_allowed', what, message, hint)
  }
}

/** What the server's explanation means for a machine that signs in as `who`. */
export function judge(
  what: string,
  harness: HarnessName,
  decisions: readonly DecisionView[],
  who: WhoAmI,
): Finding {
  const caller = callerOf(who)
  if (!may(caller, 'lease')) {
    const said = `a token of the role ${who.role} may not run anything.`
    return problem(
      'not_allowed',
      what,
      said,
      'Make one: claviger admin tokens create --name NAME --role member --expires-in 30d',
    )
  }
  const stored = decisions.flatMap((one) => (one.credential === null ? [] : [{ ...one, ...one.credential }]))
  const taken = decisions.find((one) => one.verdict === 'chosen')
  if (taken?.credential) {
    const { name, owner, type } = taken.credential
    const title = `${type} ${name} of ${ownerTitle(owner, who)}`
    const attached = taken.scope === 'agent'
    if (mayCredential(caller, 'use', parseOwner(owner), attached))
      return ok(what, `${title}: ${taken.reason}`)
    return problem('not_allowed', what, `your role ${who.role} may not use ${title}.`)
  }
  const hint = `See the whole list: claviger explain --harness ${harness}`
  const reasons = stored.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
  if (stored.some(({ state }) => state !== 'ok')) return problem('not_usable', what, `${reasons}.`, hint)
  if (stored.length > 0) return problem('not_allowed', what, `${reasons}.`, hint)
  const none = problem(
    'not_stored',
    what,
    'nothing is stored that could serve a run here.',
    howToGetOne(harness, who),
  )
  return taken
    ? { ...none, level: 'warn', said: `${none.said} Runs use what this machine has of its own.` }
    : none
}

// What the program sees without us: a restored credential, or a login of its own. Having none is no fault.
async function checkOwnLogin(context: Context, harness: Harness, path: string): Promise<Finding> {
  const what = `${HARNESS_TITLE[harness.name]} by itself`
  const { exitCode } = await askStatus(harness, path, withoutOwnSettings(context.dependencies.env))
  const command = [harness.program, ...harness.statusArguments].join(' ')
  if (exitCode === 0)
    return ok(what, `it sees a credential of this machine, restored or its own (${command})`)
  if (exitCode !== null)
    return ok(what, 'it sees none; claviger exec hands one over, claviger restore writes one')
  return { level: 'warn', what, said: `it did not answer: ${command}` }
}
