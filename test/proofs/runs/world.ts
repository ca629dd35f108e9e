// What the proofs of runs with a real program stand on: a server, a worker and the programs as processes, and a model of the
// sandbox that takes its time.

import { setTimeout as sleep } from 'node:timers/promises'
import { type RunView, type RunWorld, runWorld } from '../../e2e/run-world.ts'

const KEY = 'sk-test-proof-runs-0001'
const CLAUDE_KEY = 'sk-ant-test-proof-runs-0001'

export interface ProofWorld extends RunWorld {
  /** How many times the model was asked. */
  readonly asked: () => number
  /** What the model was told by people in the last conversation that it has answered with this word in it. */
  lastTexts(word: string): readonly string[]
  /** How many times it was asked with this text as the newest of a conversation. */
  askedWith(text: string): number
  /** The most often that it saw this text in one conversation. */
  mostOften(text: string): number
}

/** `takes`: how long the model takes for an answer, in milliseconds. Each of its answers is another. */
export async function proofWorld(takes: () => number): Promise<ProofWorld> {
  const world = await runWorld({
    credentials: [
      { provider: 'openai', kind: 'api-key', value: KEY },
      { provider: 'anthropic', kind: 'api-key', value: CLAUDE_KEY },
    ],
  })
  await world.store('claude/api-key', 'claude-key', { key: CLAUDE_KEY })
  await world.store('codex/api-key', 'key', { key: KEY, baseUrl: world.sandbox.openaiUrl })
  let answers = 0
  world.sandbox.reply(async () => {
    await sleep(takes())
    answers += 1
    return `answer ${answers}.`
  })
  // It tries a WebSocket first.
  const turns = () =>
    world.sandbox
      .requests()
      .filter(({ method, path }) => method === 'POST' && /\/(?:responses|messages)$/.test(path))
  return {
    ...world,
    asked: () => turns().length,
    lastTexts: (word) =>
      turns().findLast(({ userTexts }) => userTexts.some((text) => text.includes(word)))?.userTexts ?? [],
    askedWith: (text) =>
      turns().filter(({ userTexts }) =>
        userTexts.findLast((one) => !one.startsWith('<system-reminder>'))?.includes(text),
      ).length,
    mostOften: (text) =>
      Math.max(0, ...turns().map(({ userTexts }) => userTexts.filter((one) => one.includes(text)).length)),
  }
}

/** What is wrong about these messages of a run: each must have reached the model once, in order, and be done. */
export async function wrongAbout(
  world: ProofWorld,
  run: RunView,
  texts: readonly string[],
): Promise<string[]> {
  const wrong: string[] = []
  const states = run.messages.map(({ state }) => state).join(', ')
  if (run.messages.length !== texts.length || run.messages.some(({ state }) => state !== 'done'))
    wrong.push(`its messages are ${states}`)
  if (run.state !== 'ready') wrong.push(`it is ${run.state}: ${run.reason}`)
  const seen = world.lastTexts(texts[0] ?? '').flatMap((text) => texts.filter((one) => text.includes(one)))
  if (seen.join() !== texts.join()) wrong.push(`the model saw ${seen.join(', ')}`)
  for (const text of texts) {
    const times = world.mostOften(text)
    if (times !== 1) wrong.push(`${text} was ${times} times in one conversation`)
  }
  const events = await world.events(run.id)
  const answers = events.flatMap((event) => (event.kind === 'text' ? [event.text] : []))
  if (new Set(answers).size !== answers.length) wrong.push(`an answer is told twice: ${answers.join(' ')}`)
  if (answers.length < texts.length) wrong.push(`${answers.length} answers are told of ${texts.length}`)
  return wrong
}
