// `claviger doctor --worker`: would a run on this machine get a credential? Each step needs the one before: the server is
// reached, it is the right one (reaching.ts), something is stored that may serve, and the program is there and sees what it is
// handed (handing-over.ts).

import type { DecisionView, Output } from '../../api/schemas.ts'
import { may, mayCredential } from '../../domain/caller.ts'
import { asClavigerError } from '../../domain/errors.ts'
import { HARNESS_TITLE, type HarnessName } from '../../domain/harness-names.ts'
import { parseOwner } from '../../domain/owner.ts'
import type { Harness } from '../../harnesses/harness.ts'
import { withoutOwnSettings } from '../../runner/materialize.ts'
import { askStatus } from '../../runner/programs.ts'
import { ambientHere, howToGetOne } from '../commands/explain.ts'
import type { Connection } from '../connection.ts'
import type { Context } from '../context.ts'
import { callerOf, ownerTitle } from '../owner-flags.ts'
import { type Finding, ok, problem } from './finding.ts'
import { checkHandingOver } from './handing-over.ts'
import { checkProgram, type FoundProgram, findProgramOf } from './program-check.ts'
import { reachServer } from './reaching.ts'

type WhoAmI = Output<'whoami'>

type Examiner = (context: Context, harnesses: readonly HarnessName[]) => Promise<Finding[]>

/**
 * Finds what is wrong with a machine that runs agents. Its settings are those of `exec` and `restore`, their aliases
 * included. Unless an agent program was named, those that are not here matter only where there is none at all.
 */
export function workerExaminer(isNamed: boolean): Examiner {
  return async (context, harnesses) => {
    const programs = await Promise.all(harnesses.map((name) => findProgramOf(context, name)))
    const all = isNamed || programs.every(({ path }) => path === null)
    const { findings, connection, who } = await reachServer(context)
    const found: Finding[] = [...findings]
    for (const program of programs) {
      const matters = all || program.path !== null
      if (who !== null && matters) found.push(...(await checkCredential(context, connection, who, program)))
      found.push(await checkProgram(context, program))
      if (program.path !== null) found.push(await checkOwnLogin(context, program.harness, program.path))
    }
    return found
  }
}

async function checkCredential(
  context: Context,
  { client, server }: Connection,
  who: WhoAmI,
  found: FoundProgram,
): Promise<Finding[]> {
  const { name } = found.harness
  const what = `${HARNESS_TITLE[name]} credential`
  try {
    const ambient = await ambientHere(context, { harness: name, ambient: true }, who)
    const { decisions } = await client.call('explain', { harness: name, ambient })
    const judged = judge(what, name, decisions, who, ` at ${server}, in ${who.organization.name},`)
    if (judged.problem === 'not_stored' && name === 'codex')
      return [{ ...judged, hint: `${judged.hint}. With ChatGPT: ${codexLogin(server, who)}` }]
    const isHandedOver = judged.level === 'ok' && found.path !== null
    return isHandedOver ? [judged, await checkHandingOver(context, client, found.harness)] : [judged]
  } catch (thrown) {
    const { code, message, hint } = asClavigerError(thrown)
    return [problem(code === 'unreachable' ? 'not_reachable' : 'not_allowed', what, message, hint)]
  }
}

function codexLogin(server: string, { agent }: Pick<WhoAmI, 'agent'>): string {
  return agent === null
    ? `claviger codex-login --api-url ${server}`
    : `claviger codex-login --agent ${agent} --api-url ${server}`
}

/** What the server's explanation means for a machine that signs in as `who`. `where`: in words, what was asked. */
export function judge(
  what: string,
  harness: HarnessName,
  decisions: readonly DecisionView[],
  who: WhoAmI,
  where = '',
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
    `nothing is stored${where} that could serve a run here.`,
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
