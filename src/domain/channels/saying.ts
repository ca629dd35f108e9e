// What the one comment of a run says, as Markdown that GitHub and Linear show: where the run stands, what it waits for, and
// at the end what came of it. What a model or a provider says is a stranger's text: it calls nobody and shows no picture.

import type { HarnessName } from '../harness-names.ts'
import type { Owner } from '../owner.ts'
import type { RunState } from '../runs/run.ts'
import type { Phase } from './call.ts'
import { harmless, harmlessLine } from './harmless.ts'

export interface Standing {
  readonly harness: HarnessName
  readonly state: RunState
  /** Why, for people; empty: nothing to say. */
  readonly reason: string
  /** Whose credential serves; null: none yet, or the machine's own. Its name is nobody's who may only read comments. */
  readonly credential: Owner['kind'] | null
  /** For whom it runs, and what has to be said of that; empty: nothing. */
  readonly served: string
  /** Nobody is there who could take it. */
  readonly lacksWorker: boolean
  /** What the model said in its last turn that ended; empty: nothing yet. */
  readonly said: string
  /** That turn came to no good end. */
  readonly hasFailed: boolean
  /** The page of the run. */
  readonly page: string
  /** Where a login that is waited for is renewed; null: there is none to renew. */
  readonly signIn: string | null
}

/** The comment. */
export function commentOf(standing: Standing): string {
  const { state, harness, served, said, page } = standing
  const title = TITLES[harness]
  const answer = said === '' || !SHOWS_ANSWER.includes(state) ? [] : [harmless(said), '---']
  return [
    ...answer,
    `**${title}** · ${wordsOf(standing)}${reasonIn(standing)}`,
    ...(standing.signIn !== null && state === 'waiting_for_credentials'
      ? [`[Sign in again](${standing.signIn}) and it goes on by itself.`]
      : []),
    ...(standing.lacksWorker && state === 'queued' ? [NO_WORKER] : []),
    ...(served === '' ? [] : [served]),
    `<sub>[Run](${page})${servingIn(standing)}</sub>`,
  ].join('\n\n')
}

/** How far the work is; null: no further than it was. */
export function phaseOf({
  state,
  said,
  hasFailed,
}: Pick<Standing, 'state' | 'said' | 'hasFailed'>): Phase | null {
  if (SHOWS_WORK.includes(state)) return 'begun'
  return HAS_ANSWERED.includes(state) && said !== '' && !hasFailed ? 'answered' : null
}

const NO_WORKER =
  'No worker is there for those who are no members. An admin enrols one; then it goes on by itself.'

const SHOWS_WORK: readonly RunState[] = ['booting', 'working', 'reauthenticating']
const HAS_ANSWERED: readonly RunState[] = ['ready', 'hibernated', 'done']

const TITLES: Readonly<Record<HarnessName, string>> = { claude: 'Claude Code', codex: 'Codex' }

const SHOWS_ANSWER: readonly RunState[] = [...HAS_ANSWERED, 'failed']

const WORDS: Readonly<Record<RunState, (title: string) => string>> = {
  queued: () => 'waits for a worker',
  booting: () => 'gets its workspace',
  ready: () => 'has answered',
  working: () => 'is at work',
  reauthenticating: (title) => `re-authenticating ${title}`,
  waiting_for_credentials: () => 'waits for a credential',
  hibernated: () => 'has answered, and rests',
  failed: () => 'has failed',
  cancelled: () => 'was cancelled',
  done: () => 'is done',
}

// Between its workspace and its first turn there is no answer yet.
function wordsOf({ harness, state, said, hasFailed }: Standing): string {
  if (state !== 'ready') return WORDS[state](TITLES[harness])
  if (hasFailed) return 'could not finish its turn'
  return said === '' ? 'is ready' : WORDS.ready(TITLES[harness])
}

const SAYS_WHY: readonly RunState[] = ['queued', 'waiting_for_credentials', 'failed', 'reauthenticating']

function reasonIn({ state, reason }: Standing): string {
  return reason === '' || !SAYS_WHY.includes(state) ? '' : `: ${harmlessLine(reason)}`
}

function servingIn({ credential }: Standing): string {
  return credential === null ? '' : ` · ${OWNERS[credential]}`
}

const OWNERS: Readonly<Record<Owner['kind'], string>> = {
  user: 'a personal credential',
  team: 'a credential of the team',
  org: 'a credential of the organization',
  agent: 'a credential of the agent',
}

/** The comment for somebody for whom nothing was started, and why. `mark`: a link by which it is found again. */
export function refusalOf(
  why: { readonly message: string; readonly hint?: string | undefined },
  link: string | null,
  mark: string,
): string {
  const hint = why.hint === undefined ? [] : [harmlessLine(why.hint)]
  const place = link === null ? [] : [`[Settings](${link})`]
  return [
    ...[`Nothing was started. ${harmlessLine(why.message)}`, ...hint, ...place],
    `<sub>[Claviger](${mark})</sub>`,
  ].join('\n\n')
}
