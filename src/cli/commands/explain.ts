// `claviger explain`: every candidate for a run in order, and why each was taken or passed over.

import type { DecisionView } from '../../api/schemas.ts'
import { HARNESS_TITLE, type HarnessName } from '../../domain/harness-names.ts'
import { readMachine } from '../../runner/materialize.ts'
import { connectToEither } from '../connection.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { ownerTitle, type WhoAmI } from '../owner-flags.ts'

export interface ExplainOptions {
  readonly harness: HarnessName
  readonly user?: string
  readonly team?: string
  readonly agent?: string
  readonly credential?: string
  readonly profile?: string
  /** False with --no-ambient. */
  readonly ambient: boolean
}

const HEADINGS = ['', 'CREDENTIAL', 'OWNER', 'TYPE', 'STATE', 'WHY']

const MARKS: Readonly<Record<DecisionView['verdict'], string>> = {
  chosen: 'chosen',
  fallback: 'fallback',
  skipped: 'skipped',
}

/** Exit 0 when something was chosen, 78 when nothing fits. */
export async function run(context: Context, options: ExplainOptions): Promise<number> {
  const { harness, user } = options
  const { client, choice, hint } = await connectToEither(context, options)
  const who = await client.call('whoami', {})
  const answer = await client.call('explain', {
    harness,
    ambient: await ambientHere(context, options, who),
    ...(user !== undefined && { user }),
    ...choice,
  })
  const { decisions } = answer
  context.ui.note(`${HARNESS_TITLE[harness]}, for a run of ${answer.for}:`)
  const howTo = hint(howToGetOne(harness, { ...who, agent: choice.agent ?? who.agent }))
  const nothing = `${answer.sentence ?? 'Nothing serves.'} ${howTo}`
  context.ui.table(answer, HEADINGS, () => decisions.map((one) => row(one, who)), nothing)
  return decisions.some((one) => one.verdict === 'chosen') ? EXIT.ok : EXIT.noCredential
}

/** What to type where nothing is stored that could serve. */
export function howToGetOne(harness: HarnessName, { kind, agent }: Pick<WhoAmI, 'kind' | 'agent'>): string {
  if (agent !== null) return `Attach one: claviger admin agent attach ${agent} NAME`
  const owner = kind === 'person' ? '--personal' : '--org'
  return `Store one: claviger credential create ${harness} api-key ${owner} NAME`
}

/** What this machine has of its own for that harness, as the server is told. */
export async function ambientHere(
  { dependencies }: Context,
  { harness, ambient, user, agent }: Pick<ExplainOptions, 'harness' | 'ambient' | 'user' | 'agent'>,
  who: Pick<WhoAmI, 'agent'>,
) {
  if (!ambient) return 'refused' as const
  // What this machine has says nothing about the machine on which somebody else's run would be.
  if (user !== undefined || (agent !== undefined && agent !== who.agent)) return 'none' as const
  const program = await dependencies.harnessOf(harness)
  return program.ambient(await readMachine(program, dependencies.env, process.cwd()))
}

function row({ verdict, credential, reason }: DecisionView, who: WhoAmI): string[] {
  const mark = MARKS[verdict]
  if (credential === null) return [mark, "this machine's own", '', '', '', reason]
  const { name, owner, type, state } = credential
  return [mark, name, ownerTitle(owner, who), type, state, reason]
}
