// `models auth import`: takes over accounts that another program keeps on this machine. Its files are left as they are; a
// login has one holder afterwards, the profiles here, and is renewed at once so that the copy is dead.

import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Client } from '../../client/client.ts'
import { counted } from '../../domain/counted.ts'
import { shellCommand } from '../../lib/shell-quote.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { settlePolicy } from '../credential/create.ts'
import type { MovedProfile, OpenedProfiles, TakenProfile } from '../dependencies.ts'
import { EXIT } from '../exit-codes.ts'
import { listCredentials } from '../find-credential.ts'
import { loginFiles } from '../logins/login-files.ts'
import { self } from '../owner-flags.ts'
import { over } from './login.ts'
import { whereItIs } from './moved.ts'

export interface ImportOptions {
  readonly from: string
  readonly agent?: string
  readonly profileId?: string
  readonly dryRun?: boolean
  readonly acceptNotice?: boolean
}

/** What became of a profile of another program, and of its copy there. */
export interface Line extends TakenProfile {
  /** `dead`: its provider refused it, and it was not kept. */
  readonly renewed: 'yes' | 'later' | 'static' | 'dead' | null
}

export async function run(context: Context, options: ImportOptions): Promise<number> {
  const lines = await takeOver(context, options)
  return lines.some(({ renewed }) => renewed === 'dead') ? EXIT.failed : EXIT.ok
}

/** Takes over, or only says what it would, and says what became of each. */
export async function takeOver(context: Context, options: ImportOptions): Promise<readonly Line[]> {
  const local = over(context, options)
  const profiles = await local.profiles()
  const { client } = await connect(local)
  const source = {
    ...placeOfProgram(context, options.from),
    ...(options.profileId !== undefined && { profileId: options.profileId }),
  }
  const plan = await profiles.takeOver({ ...source, dry: true, acceptNotice: false })
  const isDry = options.dryRun === true
  const acceptNotice = isDry ? false : await settle(local, client, plan.outcomes, options)
  const taken = isDry ? plan : await profiles.takeOver({ ...source, dry: false, acceptNotice })
  const lines: Line[] = []
  for (const one of taken.outcomes)
    lines.push({ ...one, renewed: isDry ? null : await renew(client, profiles, one) })
  say(context, { lines, leftOut: taken.leftOut }, isDry, await profiles.moves.moved())
  return lines
}

// A subscription of Claude is stored after its notice was read, as with a sign-in.
async function settle(
  local: Context,
  client: Client,
  outcomes: readonly TakenProfile[],
  options: ImportOptions,
): Promise<boolean> {
  const fresh = outcomes.filter(({ outcome, provider }) => outcome === 'new' && provider === 'anthropic')
  const type = fresh.some(({ kind }) => kind !== 'api_key') ? ('claude/oauth' as const) : null
  if (type === null) return false
  const who = await client.call('whoami', {})
  return settlePolicy(local, client, type, self(who), options.acceptNotice === true)
}

// Also one that was taken over before and could not be renewed then.
async function renew(client: Client, profiles: OpenedProfiles, one: TakenProfile): Promise<Line['renewed']> {
  const [credential] = await listCredentials(client, { name: one.profile })
  if (one.outcome === 'used-up') return 'dead'
  const isNew = one.outcome === 'new'
  if (one.kind !== 'oauth') return isNew ? 'static' : null
  if (credential === undefined || profiles.agentOf(credential.id) === null) return null
  if (!isNew && credential.version !== 1) return null
  if (isNew) {
    const description = `${TAKEN_FROM}${one.from}`.slice(0, 1000)
    await client.call('credentials.update', { id: credential.id, description })
  }
  const { result } = await client.call('credentials.test', { id: credential.id })
  if (result !== 'refused') return result === 'works' ? 'yes' : 'later'
  if (isNew) await client.call('credentials.delete', { id: credential.id })
  return 'dead'
}

/** The description of a profile that came from another program begins so, and then names its file. */
export const TAKEN_FROM = 'taken over from '

function say(
  { ui }: Context,
  { lines, leftOut }: Pick<Awaited<ReturnType<OpenedProfiles['takeOver']>>, 'leftOut'> & { lines: Line[] },
  isDry: boolean,
  moved: readonly MovedProfile[],
): void {
  const rows = () => lines.map((one) => [one.theirs, one.from, one.profile, inWords(one, isDry, moved)])
  const answer = { profiles: lines, leftOut }
  ui.table(answer, ['PROFILE', 'FROM', 'HERE', ''], rows, 'There is nothing to take over.')
  for (const { theirs, from, why } of leftOut) ui.note(`left out: ${theirs} of ${from}. ${why}`)
  if (isDry)
    ui.note('Nothing was changed. Without --dry-run each login is renewed at once, and its copy is dead.')
  for (const line of lines) for (const note of notesOn(line)) ui.note(note)
  const count = lines.filter(({ outcome, renewed }) => outcome === 'new' && renewed !== 'dead').length
  if (!isDry && count > 0)
    ui.note(`${counted(count, 'profile')} taken over. See how they stand: claviger models status`)
}

function inWords(
  { profile, outcome, renewed }: Line,
  isDry: boolean,
  moved: readonly MovedProfile[],
): string {
  const gone = moved.find((one) => one.profile === profile)
  if (outcome === 'same' && gone !== undefined) return whereItIs(gone)
  if (outcome === 'same') return renewed === 'dead' ? 'here already; its provider refuses it' : 'here already'
  if (isDry) return 'would be taken over'
  return renewed === 'dead' ? 'dead: not taken over' : 'taken over'
}

function notesOn(line: Line): string[] {
  const { profile, twins } = line
  const others = `warning: ${profile} is of the same account as ${twins.join(', ')}; both share its limits.`
  return [...ofTheCopy(line), ...(twins.length === 0 ? [] : [others])]
}

function ofTheCopy({ from, theirs, profile, renewed }: Line): string[] {
  const copy = `${theirs === profile ? profile : `${profile} (${theirs} there)`}: `
  const isOfProgram = from.endsWith('.credentials.json')
  const removal = isOfProgram
    ? `Remove claudeAiOauth from ${from}: what still uses it would end the login here as well.`
    : from.endsWith('auth-profiles.json')
      ? `Sign in there again, or remove it there: what still uses it would end the login here as well.`
      : `Remove it, or what still uses it ends the login here as well: ${shellCommand(['rm', from])}`
  switch (renewed) {
    case 'yes':
      return [
        `${copy}its copy in ${from} is dead: a login has one holder, and that is this profile now. ${removal}`,
      ]
    case 'later':
      return [
        `warning: ${copy}its provider could not renew it now. Until it has, do not use the copy in ${from}: whoever renews first ends the other. ${removal}`,
      ]
    case 'dead':
      return [
        `${copy}its login was ended, used up or is too old. Sign in instead: claviger models auth login --provider ${profile.split(':')[0] ?? ''}`,
      ]
    case 'static':
      return [`${copy}the same value is still in ${from}.`]
    default:
      return []
  }
}

/** Other programs that keep accounts on this machine, as `--from` names them. */
export const FOREIGN_PROGRAMS = ['codex', 'claude', 'openclaw', 'coderclaw'] as const

/** Where that program keeps them; anything else is a path. */
export function placeOfProgram(
  { dependencies: { env } }: Context,
  from: string,
): { path: string; hint: string } {
  const home = env['HOME'] || homedir()
  const places: Readonly<Record<string, string>> = {
    ...loginFiles(env),
    openclaw: env['OPENCLAW_STATE_DIR'] || join(home, '.openclaw'),
    coderclaw: env['CODERCLAW_STATE_DIR'] || join(home, '.coderclaw'),
  }
  const path = places[from]
  if (path === undefined)
    return {
      path: resolve(from),
      hint: 'Name codex, claude, openclaw, coderclaw, or the path of a file or directory: --from PATH',
    }
  return {
    path,
    hint: `${from} keeps no accounts there. Sign in instead: claviger models auth login --provider ${from === 'claude' ? 'anthropic' : 'openai-codex'}`,
  }
}
