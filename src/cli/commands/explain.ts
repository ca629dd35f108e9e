// `claviger explain`: every candidate for a run in order, and why each was taken or passed over.

import type { DecisionView } from '../../api/schemas.ts'
import type { Client } from '../../client/client.ts'
import { HARNESS_TITLE, type HarnessName } from '../../domain/harness-names.ts'
import { readMachine } from '../../runner/materialize.ts'
import { connectToEither } from '../connection.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { listWhole } from '../find-credential.ts'
import { ownerTitle, type WhoAmI } from '../owner-flags.ts'
import { relativeTime } from '../text.ts'

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
  const { client, choice, profiles, hint } = await connectToEither(context, options, true)
  const who = await client.call('whoami', {})
  const answer = await client.call('explain', {
    harness,
    ambient: await ambientHere(context, options, who),
    ...(user !== undefined && { user }),
    ...choice,
  })
  const isNamed = choice.credential !== undefined
  const places = profiles === null || isNamed ? null : await placesOf(client, harness)
  const { decisions } = answer
  context.ui.note(`${HARNESS_TITLE[harness]}, for a run of ${answer.for}:`)
  const howTo = hint(howToGetOne(harness, { ...who, agent: choice.agent ?? who.agent }))
  const nothing = `${answer.sentence ?? 'Nothing serves.'} ${howTo}`
  context.ui.table(answer, HEADINGS, () => decisions.map((one) => row(one, who, places)), nothing)
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

// Profiles of a machine are all of one person: what tells them apart is the order. Id → why it stands where it does.
async function placesOf(client: Client, harness: HarnessName): Promise<ReadonlyMap<string, string>> {
  const { credentials } = await listWhole(client, { harness })
  const free = credentials.filter(({ position }) => (position ?? null) === null)
  const after = free.length === credentials.length ? '' : 'after those that are in an order, '
  return new Map(
    credentials.map(({ id, name, type, position, lastUsedAt }) => {
      if (typeof position === 'number')
        return [id, `it is number ${position + 1} in the order of ${name.split(':')[0] ?? ''}`]
      if (free.filter((one) => one.type === type).length === 1)
        return [id, `${after}by its type: sign-ins before tokens before keys`]
      const used = lastUsedAt
        ? `it was last used ${relativeTime(lastUsedAt, Date.now())}`
        : 'it was never used'
      return [id, `${after}${used}; of its type the one used longest ago comes first`]
    }),
  )
}

// `places`: null where it is the owners that tell.
function row(
  { verdict, credential, reason }: DecisionView,
  who: WhoAmI,
  places: ReadonlyMap<string, string> | null,
): string[] {
  const mark = MARKS[verdict]
  if (credential === null) return [mark, "this machine's own", '', '', '', reason]
  const { id, name, owner, type, state } = credential
  const why = verdict === 'skipped' ? reason : (places?.get(id) ?? reason)
  return [mark, name, ownerTitle(owner, who), type, state, why]
}
