import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RUN_STATES } from '../runs/run.ts'
import { commentOf, harmless, MAX_SAID, type Standing } from './saying.ts'

const STANDING: Standing = {
  ...{
    harness: 'claude',
    state: 'working',
    reason: '',
    served: '',
    said: '',
    hasFailed: false,
    signIn: null,
  },
  credential: 'user',
  page: 'https://claviger.example/runs/run_1',
}

describe('the comment of a run', () => {
  it.each(RUN_STATES)('says that it is %s, and where to look', (state) => {
    const comment = commentOf({ ...STANDING, state })
    expect(comment).toContain('**Claude Code** · ')
    expect(comment).toContain('[Run](https://claviger.example/runs/run_1) · a personal credential</sub>')
  })

  it('shows the state of re-authentication, and a way to sign in while it waits', () => {
    expect(commentOf({ ...STANDING, state: 'reauthenticating' })).toContain('re-authenticating Claude Code')
    const waiting = {
      ...STANDING,
      state: 'waiting_for_credentials',
      reason: 'main needs its owner.',
    } as const
    expect(commentOf({ ...waiting, signIn: 'https://claviger.example/credentials/cred_1' })).toContain(
      '[Sign in again](https://claviger.example/credentials/cred_1)',
    )
    expect(commentOf(waiting)).not.toContain('Sign in again')
    expect(commentOf(waiting)).toContain('main needs its owner.')
  })

  it('shows what was said when it was said, not a half of it', () => {
    expect(commentOf({ ...STANDING, state: 'ready', said: 'All green.' })).toMatch(/^All green\./)
    expect(commentOf({ ...STANDING, said: 'All gr' })).not.toContain('All gr')
  })
})

describe('what a model says', () => {
  it('calls nobody, loads no picture, is no HTML and no command of a bot', () => {
    expect(harmless('@acme/all and me@x')).not.toMatch(/@[\w]/)
    expect(harmless('![x](https://evil.example/?c=1)')).not.toContain('![')
    expect(harmless('<img src=x>')).not.toContain('<')
    expect(harmless('ok\n  /merge')).toContain('\\/merge')
  })

  it('is never longer than there is room', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.integer({ min: 1, max: 2_000 }), (text, times) => {
        const room = Math.max(text.length * times, 1)
        expect(
          harmless(text.repeat(times).slice(0, room)).replaceAll(/\\|\u200b|&lt;/g, '').length,
        ).toBeLessThanOrEqual(MAX_SAID + 2)
      }),
      { seed: 8, numRuns: 30 },
    )
  })
})
