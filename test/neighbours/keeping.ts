// What neither program knows, put by hand at every level of both files.

import { edit, fileIn, type House } from './desk.ts'
import type { Report } from './report.ts'

type Json = Record<string, unknown>

const MARK = { later: { nested: [1, { deep: null }] } }

/** `house` has what OpenClaw has written: `anthropic:work` and `anthropic:spare`, with an order. */
export async function keeping(report: Report, house: House): Promise<void> {
  report.part('What is not known, kept')
  const { profiles, state } = house.main
  edit(profiles, (json) => {
    const all = json['profiles'] as Json
    const work = { ...(all['anthropic:work'] as Json), ...MARK, metadata: MARK }
    return {
      ...json,
      ...MARK,
      profiles: { ...all, 'anthropic:work': work, 'some:one': { type: 'passkey', ...MARK } },
    }
  })
  edit(state, (json) => {
    const stats = (json['usageStats'] ?? {}) as Json
    const work = { ...(stats['anthropic:work'] as Json), ...MARK }
    return { ...json, ...MARK, usageStats: { ...stats, 'anthropic:work': work } }
  })
  const before = marksIn(house)
  const key = `sk-ant-api03-${'more'.padEnd(40, 'x')}`
  const ran = [
    await house.claviger(words('paste-api-key --provider anthropic --profile-id anthropic:more'), key),
    await house.claviger(words('order set --provider anthropic anthropic:more anthropic:work')),
    await house.claviger(words('logout --force anthropic:spare')),
  ]
  report.is(
    'a key is added, the order changed, a profile removed here',
    ran.map(({ code, stderr }) => (code === 0 ? 0 : stderr)),
    [0, 0, 0],
  )
  report.is('what is not known stays at each level, and a profile of an unknown kind', marksIn(house), before)
  const seen = fileIn(state) as { order?: unknown }
  report.is('the order is in the file where OpenClaw looks first', seen.order, {
    anthropic: ['anthropic:more', 'anthropic:work'],
  })
  await house.openclaw(words('order set --provider anthropic anthropic:work anthropic:more'))
  const { order } = JSON.parse((await house.claviger(words('order get --provider anthropic --json'))).stdout)
  report.is('what OpenClaw changes after that is seen here', order, ['anthropic:work', 'anthropic:more'])
  const lost = Object.keys(before).filter((level) => !(level in marksIn(house)))
  report.note(`OpenClaw itself drops, when it writes: ${lost.join(', ') || 'nothing'}`)
}

const words = (rest: string) => ['models', 'auth', ...rest.split(' ')]

/** Level → what is there that neither knows; levels where nothing is are not in it. */
function marksIn({ main }: House): Record<string, unknown> {
  const [file, state] = [fileIn(main.profiles), fileIn(main.state)]
  const profiles = file['profiles'] as Record<string, Json>
  const stats = (state['usageStats'] ?? {}) as Record<string, Json>
  const levels = {
    'the top of auth-profiles.json': file['later'],
    'a profile': profiles['anthropic:work']?.['later'],
    'the metadata of a profile': (profiles['anthropic:work']?.['metadata'] as Json | undefined)?.['later'],
    'a profile of an unknown kind': profiles['some:one'],
    'a profile that serves nothing here': profiles['openrouter:manual'],
    'the top of auth-state.json': state['later'],
    'what is said of a profile': stats['anthropic:work']?.['later'],
  }
  return Object.fromEntries(Object.entries(levels).filter(([, there]) => there !== undefined))
}
