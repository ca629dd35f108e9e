// `claviger onboard`: from nothing to an agent that answers. It says what is here, signs in or stores a key, lets the program
// itself answer once, and ends with what to type next. Nothing is left half made wherever it is broken off: what was stored
// before stays, and the next time it goes on from there.

import { CREDENTIAL_TYPES } from '../../domain/credential-types.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { HARNESS_TITLE, HARNESSES, type HarnessName, INSTALL_COMMAND } from '../../domain/harness-names.ts'
import { shellCommand } from '../../lib/shell-quote.ts'
import { type Context, MAIN_AGENT } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { cancelled, isCancelled } from '../ui.ts'
import { type Elsewhere, isNew, look, lookElsewhere, OTHERS, type Seen } from './looking.ts'
import { checkOptions, type OnboardOptions, tooLittleSaid } from './options.ts'
import { type Account, openPlace, type Place } from './place.ts'
import { sayOneHolder, takeOverFrom } from './signing-in.ts'
import { type Trial, tryOut } from './trying.ts'
import { wayNamed, waysFor } from './ways.ts'
import { elsewhereInWords, OTHER_TITLE, placeInWords, seenInWords } from './words.ts'

/** What became of one agent program. */
interface Settled {
  readonly harness: HarnessName
  readonly account: Account
  readonly trial: Trial
  /** What to type next: to use it, or to mend it. */
  readonly next: string
}

/** Exit 0 when each that was asked for answers. */
export async function run(context: Context, given: OnboardOptions): Promise<number> {
  const options = checkOptions(given)
  const asks = context.ui.interactive && options.nonInteractive !== true
  if (!asks && options.harness === undefined && options.way === undefined) throw tooLittleSaid()
  const place = await openPlace(context, options, asks)
  const settled: Settled[] = []
  try {
    const { seen, elsewhere } = await lookAround(place, options)
    if (options.way === 'import' && options.harness === undefined)
      settled.push(...(await settleTaken(place, options)))
    else {
      if (asks && options.way === undefined) await offerOthers(place, elsewhere, options)
      for (const harness of await chosen(place, seen, elsewhere, options)) {
        const own = elsewhere.find(({ from }) => from === harness) ?? null
        const found = await settle(place, harness, own, options)
        if (found !== null) settled.push(found)
      }
    }
  } catch (thrown) {
    const names = [...place.inHand].join(', ')
    if (!isCancelled(thrown) || names === '') throw inOurWords(thrown)
    throw cancelled(`What is stored stays: ${names}. Go on from there: claviger onboard`)
  }
  say(context, place, settled)
  return settled.every(({ trial }) => trial.works) ? EXIT.ok : EXIT.failed
}

// It stores accounts of one's own only, and has no word for that.
function inOurWords(thrown: unknown): unknown {
  if (!(thrown instanceof ClavigerError) || !thrown.hint?.includes('--personal --accept-notice'))
    return thrown
  const hint = thrown.hint.replace('--personal ', '')
  return new ClavigerError(thrown.code, thrown.message, { hint, cause: thrown })
}

async function lookAround(place: Place, { harness }: OnboardOptions) {
  const { ui } = place.context
  ui.note(placeInWords(place))
  const seen: Seen[] = []
  for (const name of harness === undefined ? HARNESSES : [harness]) seen.push(await look(place, name))
  for (const line of seen.flatMap(seenInWords)) ui.note(line)
  const found = await Promise.all(OTHERS.map((from) => lookElsewhere(place, from)))
  const elsewhere = found.filter((one) => one !== null)
  for (const one of elsewhere) ui.note(elsewhereInWords(one))
  return { seen, elsewhere }
}

// Those of the agent programs themselves are one of the ways of each. A server takes single logins only.
async function offerOthers(
  place: Place,
  elsewhere: readonly Elsewhere[],
  options: OnboardOptions,
): Promise<void> {
  const { ui } = place.context
  for (const found of elsewhere) {
    const { from } = found
    if (place.local === null || from === 'claude' || from === 'codex' || !isNew(found)) continue
    sayOneHolder(place, from)
    const answer = await ui.choose(`Take over what ${OTHER_TITLE[from]} keeps?`, [
      { value: 'no', label: 'Leave it there' },
      { value: 'yes', label: 'Take it over', hint: 'it must not be used there afterwards' },
    ])
    const taken = answer === 'yes' ? await mended(place, () => takeOverFrom(place, from, options)) : 'again'
    if (taken !== 'again') for (const { name } of taken) place.inHand.add(name)
  }
}

async function chosen(
  { context: { ui } }: Place,
  seen: readonly Seen[],
  elsewhere: readonly Elsewhere[],
  { harness }: OnboardOptions,
): Promise<readonly HarnessName[]> {
  if (harness !== undefined) return [harness]
  const isHere = ({ harness: name, program, serving, environment }: Seen) =>
    program.path !== null ||
    serving.length + environment.length > 0 ||
    elsewhere.some(({ from }) => from === name)
  const choices = seen.map(({ harness: name, program, finding }) => ({
    ...{ value: name, label: HARNESS_TITLE[name] },
    hint: program.path === null ? `to install: ${INSTALL_COMMAND[name]}` : finding.said,
  }))
  const suggested = seen.filter(isHere).map(({ harness: name }) => name)
  return ui.chooseSeveral('Which agents do you want to use? (Space marks, Enter goes on)', choices, suggested)
}

// For which programs they are is seen when they are here.
async function settleTaken(place: Place, options: OnboardOptions): Promise<Settled[]> {
  const { from = '' } = options
  sayOneHolder(place, from)
  const taken = await takeOverFrom(place, from, options)
  const settled: Settled[] = []
  for (const harness of HARNESSES) {
    const account = taken.find(({ type }) => CREDENTIAL_TYPES[type].harness === harness)
    if (account === undefined) continue
    const trial = await tryOut(place, await look(place, harness), account, options)
    settled.push(await settledWith(place, harness, account, trial, options))
  }
  return settled
}

async function settledWith(
  place: Place,
  harness: HarnessName,
  account: Account,
  trial: Trial,
  options: OnboardOptions,
): Promise<Settled> {
  const next = trial.works
    ? nextCommand(place, await look(place, harness), account, options)
    : mendingCommand(place, harness, account, trial, options)
  return { harness, account, trial, next }
}

// Another value where its provider does not take this one; else what was wrong may be over the next time.
function mendingCommand(
  { local }: Place,
  harness: HarnessName,
  { name, type, isKept }: Account,
  { isRefused }: Trial,
  { local: isLocal, name: named }: OnboardOptions,
): string {
  const { kind, entry } = CREDENTIAL_TYPES[type]
  const agent = local === null || local.agent === MAIN_AGENT ? [] : ['--agent', local.agent]
  const here = isLocal === true ? ['--local'] : []
  const way = isRefused === true ? ['--way', entry === 'sign-in' ? 'login' : kind] : []
  // Else what comes first would be tried, which may be another.
  const which = isRefused === true || isKept !== true || named !== undefined ? ['--name', name] : []
  return shellCommand(['claviger', 'onboard', '--harness', harness, ...agent, ...here, ...way, ...which])
}

// Null: nothing was wanted.
async function settle(
  place: Place,
  harness: HarnessName,
  own: Elsewhere | null,
  options: OnboardOptions,
): Promise<Settled | null> {
  const { ui } = place.context
  const isAsked = ui.interactive && options.way === undefined
  for (;;) {
    const seen = await look(place, harness)
    const account = isAsked
      ? await asked(place, seen, own, options)
      : await wayNamed(place, seen, own, options).act(options)
    if (account === null) return null
    if (account === 'again') continue
    place.inHand.add(account.name)
    const trial = await tried(place, seen, account, options)
    if (trial !== 'again') return settledWith(place, harness, account, trial, options)
  }
}

async function asked(place: Place, seen: Seen, own: Elsewhere | null, options: OnboardOptions) {
  const ways = waysFor(place, seen, own)
  const value = await place.context.ui.choose(`An account for ${HARNESS_TITLE[seen.harness]}`, ways)
  const way = ways.find((one) => one.value === value)
  return mended(place, async () => (way === undefined ? null : way.act(options)))
}

// What a person can mend is said, and they choose again.
async function mended<T>({ context: { ui } }: Place, work: () => Promise<T>): Promise<T | 'again'> {
  try {
    return await work()
  } catch (thrown) {
    if (!(thrown instanceof ClavigerError) || isCancelled(thrown)) throw thrown
    ui.error(thrown)
    return 'again'
  }
}

async function tried(
  place: Place,
  seen: Seen,
  account: Account,
  options: OnboardOptions,
): Promise<Trial | 'again'> {
  const { ui } = place.context
  for (;;) {
    const trial = ui.interactive
      ? await mended(place, () => tryOut(place, seen, account, options))
      : await tryOut(place, seen, account, options)
    if (trial !== 'again' && (trial.works || !ui.interactive)) return trial
    if (trial !== 'again') ui.note(trial.said)
    const answer = await ui.choose(`${account.name} is stored, and did not work. What now?`, [
      { value: 'retry', label: 'Try it again' },
      { value: 'other', label: 'Choose another account' },
      { value: 'leave', label: 'Leave it as it is' },
    ])
    if (answer === 'other') return 'again'
    if (answer === 'leave')
      return trial === 'again' ? { how: 'no', works: false, said: 'it could not be tried out' } : trial
  }
}

function nextCommand(
  { local }: Place,
  { harness, serving, program }: Seen,
  { name }: Account,
  { local: isLocal }: OnboardOptions,
): string {
  // Of several the one that was used longest ago comes first: the next time it may be another.
  const isOnly = serving.length === 1 && serving[0]?.name === name
  const agent = local === null || local.agent === MAIN_AGENT ? [] : ['--agent', local.agent]
  const which = isOnly ? [] : [local === null ? '--credential' : '--profile', name]
  const here = isLocal === true && isOnly ? ['--local'] : []
  const words = ['claviger', 'exec', '--harness', harness, ...agent, ...here, ...which, '--', harness]
  const command = shellCommand(words)
  return program.path === null ? `${INSTALL_COMMAND[harness]} && ${command}` : command
}

function say({ ui }: Context, { local, client, who }: Place, settled: readonly Settled[]): void {
  const where =
    local === null
      ? { server: client.server, organization: who.organization.name }
      : { profiles: local.profiles.file, agent: local.agent }
  const answer = settled.map(({ harness, account, trial, next }) => ({
    ...{ harness, account: account.name, type: account.type, trial, next },
  }))
  const see = local === null ? 'claviger credential list' : 'claviger models status'
  const place = local === null ? `on ${client.server}` : `in ${local.profiles.file}`
  const isNew = settled.some(({ account }) => account.isKept !== true)
  if (settled.length > 0)
    ui.note(`${isNew ? 'Stored' : 'Kept as it was'} ${place}; see how it stands: ${see}`)
  ui.answer({ ...where, harnesses: answer }, () =>
    settled.length === 0 ? ['Nothing was tried out.'] : settled.flatMap(inWords),
  )
}

function inWords({ harness, account, trial, next }: Settled): string[] {
  const title = HARNESS_TITLE[harness]
  const which = `${account.name} (${CREDENTIAL_TYPES[account.type].title})`
  const outcome = {
    turn: trial.works
      ? `${title} answered with ${which}: ${trial.said}`
      : `${which} did not work: ${trial.said}`,
    probe: `${which}, as its provider says: ${trial.said}`,
    no: `${which} for ${title}: ${trial.said}`,
  }[trial.how]
  const how = trial.isRefused === true ? 'Give it another one' : 'Mend that, then try it again'
  return [outcome, `${trial.works ? 'Next' : how}: ${next}`]
}
