// A program that is only asked something, and not shown.

import { describe, expect, it } from 'vitest'
import { relaySignals, supervise } from './supervise.ts'

async function ask(script: string, limitMs: number) {
  const heard = { stdout: '', stderr: '' }
  const relay = relaySignals()
  try {
    const exit = await supervise({
      ...{
        program: '/bin/sh',
        words: ['-c', script],
        environment: { PATH: '/usr/bin:/bin' },
        cwd: '/',
        relay,
      },
      aside: {
        limitMs,
        heard: ({ from, text }) => {
          heard[from] += text
        },
      },
    })
    return { exit, ...heard }
  } finally {
    relay.dispose()
  }
}

describe('a program aside', () => {
  it('is heard to its end, and reads nothing', async () => {
    const said = await ask('read line || echo nothing; echo beside >&2; exit 3', 30_000)
    expect(said).toEqual({ exit: 3, stdout: 'nothing\n', stderr: 'beside\n' })
  })

  it('that does not end is ended', async () => {
    expect(await ask('echo begun; exec sleep 600', 500)).toEqual({ exit: 143, stdout: 'begun\n', stderr: '' })
  })

  it('that leaves somebody behind who holds its streams is over all the same', async () => {
    const said = await ask('sleep 600 & echo $!', 30_000)
    process.kill(Number(said.stdout))
    expect(said.exit).toBe(0)
  })
})
