// What the doctor says of a machine without a server: the folders of profiles, how each profile stands, whether a run would
// get one, copies of their logins elsewhere, plugins, and the clock.

import type { CredentialView } from '../../api/schemas.ts'
import type { Client } from '../../client/client.ts'
import { HARNESS_TITLE, type HarnessName } from '../../domain/harness-names.ts'
import { ambientHere } from '../commands/explain.ts'
import { connect } from '../connection.ts'
import { type Context, MAIN_AGENT } from '../context.ts'
import { listWhole } from '../find-credential.ts'
import { localHint } from '../models/local-words.ts'
import { isBuiltIn } from '../models/providers.ts'
import { type ProfileStatus, statusOf } from '../models/status.ts'
import { asSentence } from '../models/unusable.ts'
import { checkClocks } from './clocks.ts'
import { checkCopies } from './copies.ts'
import { type Finding, failed, ok } from './finding.ts'
import { judge } from './worker.ts'

const HOW_TO_BEGIN =
  'Sign in: claviger models auth login --provider openai-codex, or anthropic. To use a server instead: claviger login --server URL'

const PROBE = 'claviger models status --probe'
const EXPLAIN = 'claviger --local explain --harness'

/** `harnesses`: those that were asked for, or all. */
export async function examineProfiles(
  context: Context,
  harnesses: readonly HarnessName[],
): Promise<Finding[]> {
  const look = await context.dependencies.machineLook()
  const folders = await look.folders()
  const findings = folders.flatMap(({ agent, seen }) =>
    seen.map((one): Finding => ({ ...one, what: `agent ${agent}` })),
  )
  // Everybody reads those of the main agent.
  if (folders.some(({ agent, isUsable }) => agent === MAIN_AGENT && !isUsable)) return findings
  const fault = await faultOf(context)
  if (fault !== null) return [...findings, fault]
  for (const { agent } of folders.filter(({ isUsable }) => isUsable))
    findings.push(...newAmong(await examineAgent(context.over(agent), agent, harnesses), findings))
  return [...findings, ...(await checkClocks(look, await harnessesIn(context, harnesses)))]
}

// A copy of a login that several agents read is one copy.
function newAmong(found: readonly Finding[], known: readonly Finding[]): Finding[] {
  return found.filter(({ what, said }) => known.every((one) => one.what !== what || one.said !== said))
}

// What keeps all of them from being looked at, as a key that others can read.
async function faultOf(context: Context): Promise<Finding | null> {
  try {
    await connect(context.over(MAIN_AGENT))
    return null
  } catch (thrown) {
    const { said, ...finding } = failed('profiles', thrown)
    return { ...finding, said: `they cannot be used, nor looked at: ${said}` }
  }
}

async function examineAgent(
  local: Context,
  agent: string,
  harnesses: readonly HarnessName[],
): Promise<Finding[]> {
  try {
    const { client } = await connect(local)
    const all = await statusOf(local, client, {})
    // What is read through is said of the main agent.
    const isAsked = ({ type }: ProfileStatus) =>
      type === '' || harnesses.some((harness) => type.startsWith(`${harness}/`))
    const own = all.filter((one) => one.agent === agent && isAsked(one))
    const isMain = agent === MAIN_AGENT
    const none: Finding = { level: 'warn', what: 'profiles', said: 'There are none yet.', hint: HOW_TO_BEGIN }
    return [
      ...(all.length === 0 && isMain ? [none] : []),
      ...own.map((one) => inFinding(one, agent)),
      ...(isMain ? await checkHarnesses(local, client, harnesses) : []),
      ...(isMain ? await checkPlugins(local, own) : []),
      ...(await checkCopies(local, agent)),
    ]
  } catch (thrown) {
    return [failed(`agent ${agent}`, thrown)]
  }
}

const FINE: readonly string[] = ['ok', 'refreshing']

function inFinding({ profile, state, why, endsAt, type }: ProfileStatus, agent: string): Finding {
  const until = endsAt === null ? '' : `, until ${endsAt}`
  const reason = why === '' ? '' : `: ${why}`
  // What to do about it is said with the reason.
  if (state === 'unusable') return { level: 'warn', what: `agent ${agent}`, said: asSentence(why) }
  const what = agent === MAIN_AGENT ? 'profile' : `profile of ${agent}`
  if (FINE.includes(state)) return ok(what, `${profile} (${type}) is ${state}${until}`)
  const said = `${profile} is ${state}${until}${reason}`
  const hint = whatToType({ profile, state, type }, agent)
  return { level: 'warn', what, said, ...(hint !== null && { hint }) }
}

function whatToType(
  { profile, state, type }: Pick<ProfileStatus, 'profile' | 'state' | 'type'>,
  agent: string,
): string | null {
  const whose = agent === MAIN_AGENT ? '' : ` --agent ${agent}`
  switch (state) {
    case 'needs_login':
    case 'expiring':
    case 'expired':
    case 'rejected':
      return replaceIt(profile, type, whose)
    case 'quarantined':
      return `Find out whether it still lives: ${PROBE}${whose}`
    case 'blocked':
      return `See why, and what would serve: ${EXPLAIN} ${type.split('/')[0]}${whose}`
    default:
      return null
  }
}

function replaceIt(profile: string, type: string, whose: string): string {
  const provider = profile.split(':')[0] ?? ''
  if (!isBuiltIn(provider) || type.endsWith('/oauth'))
    return `Sign in again: claviger models auth login --provider ${provider} --profile-id ${profile}${whose}`
  if (whose === '') return `Give it a new value: claviger --local credential update --value ${profile}`
  return `Remove it, and store a new one: claviger models auth logout ${profile}${whose}`
}

// Whether a run of each program would get a profile: those of which there are none are not missed.
async function checkHarnesses(
  local: Context,
  client: Client,
  harnesses: readonly HarnessName[],
): Promise<Finding[]> {
  const who = await client.call('whoami', {})
  const findings: Finding[] = []
  for (const harness of await harnessesIn(local, harnesses)) {
    const ambient = await ambientHere(local, { harness, ambient: true }, who)
    const { decisions } = await client.call('explain', { harness, ambient })
    const found = judge(`${HARNESS_TITLE[harness]} credential`, harness, decisions, who)
    findings.push(found.hint === undefined ? found : { ...found, hint: localHint(found.hint) })
  }
  return findings
}

/** Those of which there are profiles, of the main agent. */
async function harnessesIn(context: Context, harnesses: readonly HarnessName[]): Promise<HarnessName[]> {
  const { client } = await connect(context.over(MAIN_AGENT))
  const { credentials } = await listWhole(client, {})
  const has =
    (harness: HarnessName) =>
    ({ type }: CredentialView) =>
      type.startsWith(`${harness}/`)
  return harnesses.filter((harness) => credentials.some(has(harness)))
}

async function checkPlugins(local: Context, own: readonly ProfileStatus[]): Promise<Finding[]> {
  const what = 'plugin'
  const found = await (await local.profiles()).plugins.list()
  const names = new Set(found.filter(({ description }) => description !== null).map(({ name }) => name))
  const missed = own.filter(({ profile }) => {
    const provider = profile.split(':')[0] ?? ''
    return !isBuiltIn(provider) && !names.has(provider)
  })
  return [
    ...found.map(({ name, program, description, fault }): Finding => {
      if (isBuiltIn(name))
        return { level: 'warn', what, said: `${program} is not used: a provider ${name} is built in.` }
      if (description !== null) return ok(what, `${name}, version ${description.version}, ${program}`)
      return {
        level: 'warn',
        what,
        said: `${program} is none: ${fault}`,
        hint: 'See which work: claviger models providers',
      }
    }),
    ...missed.map(({ profile }): Finding => {
      const program = `claviger-provider-${profile.split(':')[0]}`
      const said = `${profile} was brought by ${program}, which is not there: nothing renews or ends it.`
      return {
        level: 'warn',
        what,
        said,
        hint: `Put ${program} on PATH. See which are found: claviger models providers`,
      }
    }),
  ]
}
