// One real call: a turn of the program itself, in an empty directory, of which it keeps no conversation; where the program is
// not here, its provider is asked.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { asClavigerError } from '../../domain/errors.ts'
import { HARNESS_TITLE, type HarnessName } from '../../domain/harness-names.ts'
import { runCommand } from '../commands/exec.ts'
import { onSignals } from '../signals.ts'
import { cancelled } from '../ui.ts'
import type { Seen } from './looking.ts'
import type { OnboardOptions } from './options.ts'
import type { Account, Place } from './place.ts'

/** What came of it. */
export interface Trial {
  /** `turn`: the program has answered, or failed; `probe`: its provider was asked. */
  readonly how: 'turn' | 'probe' | 'no'
  readonly works: boolean
  /** In words. */
  readonly said: string
  /** Its provider does not take it. */
  readonly isRefused?: boolean
}

const PROMPT = 'Say hello in one short sentence.'

const TURN: Readonly<Record<HarnessName, readonly string[]>> = {
  claude: ['claude', '-p', PROMPT, '--no-session-persistence', '--tools', ''],
  codex: ['codex', 'exec', '--skip-git-repo-check', '--ephemeral', '--sandbox', 'read-only', PROMPT],
}

const MAX_QUOTE = 300
const MAX_HEARD = 64 * 1024

// Programs wait for a network that is away as long as nobody ends them.
const LIMIT_MS = 120_000

/** Throws when a person breaks it off. */
export async function tryOut(
  place: Place,
  { harness, program }: Seen,
  account: Account,
  { try: how = 'turn' }: OnboardOptions,
): Promise<Trial> {
  const { ui } = place.context
  if (how === 'no') return { how, works: true, said: 'not tried out' }
  if (how === 'turn' && program.path !== null) return turn(place, harness, account)
  if (how === 'turn') ui.note(`The ${harness} program is not here, so only its provider is asked.`)
  return probe(place, account)
}

async function probe({ client, context: { ui } }: Place, { id }: Account): Promise<Trial> {
  ui.progress('asking the provider …')
  const found = await client.call('credentials.test', { id }).finally(() => ui.progress(''))
  const { result, message: said, askAgainAt } = found
  // What was renewed lately, as everything is that was taken over, has been asked about.
  const works = result === 'works' || result === 'limited' || askAgainAt !== undefined
  return { how: 'probe', works, said, ...(result === 'refused' && { isRefused: true }) }
}

async function turn(place: Place, harness: HarnessName, account: Account): Promise<Trial> {
  const { context } = place
  const { ui } = context
  const title = HARNESS_TITLE[harness]
  const heard = { stdout: '', stderr: '' }
  // Always the same one: programs make a note of directories they were in.
  const directory = join(context.settings().stateDirectory, 'first-answers')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const began = Date.now()
  // The program hears of it by itself, and may end as if nothing were.
  let isBrokenOff = false
  const deaf = onSignals(() => {
    isBrokenOff = true
  })
  const asking = `${title} is asked for a first answer, with ${account.name} …`
  if (context.dependencies.stderr.isTTY !== true) ui.note(asking)
  ui.progress(asking)
  try {
    const exit = await runCommand(
      context,
      { client: place.client, choice: { credential: account.id } },
      { harness, ambient: false },
      {
        ...{ command: TURN[harness], cwd: directory },
        report: (line) => {
          ui.progress('')
          ui.note(`  ${line}`)
          ui.progress(asking)
        },
        aside: {
          limitMs: LIMIT_MS,
          heard: ({ from, text }) => {
            heard[from] = (heard[from] + text).slice(-MAX_HEARD)
          },
        },
      },
    )
    const isLate = Date.now() - began >= LIMIT_MS
    if (isBrokenOff) throw cancelled()
    const answer = quoted(heard.stdout)
    if (exit === 0 && answer !== '') return { how: 'turn', works: true, said: answer }
    const last = answer === '' ? quoted(heard.stderr) : answer
    const ended = exit === 0 ? 'ended without an answer' : `ended with exit code ${exit}`
    const outcome = isLate ? `has not answered for ${LIMIT_MS / 1000} seconds` : ended
    return await failedTurn(place, account, `${title} ${outcome}${last === '' ? '' : `: ${last}`}`)
  } catch (thrown) {
    throw isBrokenOff ? cancelled() : thrown
  } finally {
    deaf()
    ui.progress('')
  }
}

// A program says in its own words what its provider says better: no credit, a refused key.
async function failedTurn(place: Place, account: Account, said: string): Promise<Trial> {
  const found = await probe(place, account).catch((thrown: unknown) => ({
    said: asClavigerError(thrown).message,
    isRefused: false,
  }))
  const asked = found.said.startsWith('Its provider') ? '' : `Its provider, asked about ${account.name}: `
  return {
    how: 'turn',
    works: false,
    ...(found.isRefused === true && { isRefused: true }),
    said: `${said}${/[.!?]$/.test(said) ? '' : '.'} ${asked}${found.said}`,
  }
}

// The last line that says something.
function quoted(text: string): string {
  const lines = text.split(/\r?\n/).map((line) => line.trim())
  return (lines.filter((line) => line !== '').at(-1) ?? '').slice(0, MAX_QUOTE)
}
