import MarkdownIt from 'markdown-it'
import { describe, expect, it } from 'vitest'
import { RUN_STATES } from '../runs/run.ts'
import { commentOf, type Standing } from './saying.ts'

const STANDING: Standing = {
  ...{
    harness: 'claude',
    state: 'working',
    reason: '',
    served: '',
    lacksWorker: false,
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

  it('says that it waits for a worker that is not there', () => {
    const waiting = { ...STANDING, state: 'queued', lacksWorker: true } as const
    expect(commentOf(waiting)).toContain('An admin enrols one')
    expect(commentOf({ ...waiting, state: 'booting' })).not.toContain('An admin')
    expect(commentOf({ ...waiting, lacksWorker: false })).not.toContain('An admin')
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

  it('is no longer than GitHub takes, and what is said in it ends before it says where the run stands', () => {
    for (const said of [
      '<'.repeat(100_000),
      '&a'.repeat(40_000),
      '```\nunclosed',
      '- a\n  ~~~~\nx',
      '> ```',
    ]) {
      const comment = commentOf({ ...STANDING, state: 'failed', said, reason: said })
      expect(comment.length).toBeLessThanOrEqual(65_536)
      const html = new MarkdownIt().render(comment)
      expect(html).toContain('<strong>Claude Code</strong> · has failed')
    }
  })

  it('shows what was said when it was said, not a half of it', () => {
    expect(commentOf({ ...STANDING, state: 'ready', said: 'All green.' })).toMatch(/^All green\./)
    expect(commentOf({ ...STANDING, said: 'All gr' })).not.toContain('All gr')
  })
})
