// Signing in to Claude by the unmodified claude program: one runs for each sign-in, in this process's care, and waits for
// the code that the person brings back.

import { randomUUID } from 'node:crypto'
import { Secret } from '../domain/secret.ts'
import { bySharedClock, type ClockOffset, tokensOfFile } from './claude/tokens.ts'
import type { LoginProgram, ProgramSignIn, SignInOutcome } from './login-program.ts'
import type { SignIn, SignInStep } from './provider.ts'

type Program = Pick<LoginProgram, 'signIn'>

/** Signs in for `claude/oauth`. What is kept of a sign-in is the name of its program here. */
export function claudeSignIn(program: Program, clockOffset: ClockOffset = () => 0): SignIn {
  const running = new Map<string, ProgramSignIn>()
  const end = async (name: string) => {
    const one = running.get(name)
    running.delete(name)
    await one?.cancel()
  }
  return {
    signsIn: 'claude/oauth',
    methods: ['browser', 'paste'],
    staysHere: true,
    async start() {
      forgetOld(running)
      const one = await program.signIn()
      const name = randomUUID()
      running.set(name, one)
      return { kind: 'link', url: one.url, kept: new Secret(name) }
    },
    async submit(kept, pasted) {
      const name = kept.expose()
      const one = running.get(name)
      if (one === undefined) return gone()
      const step = stepOf(await one.submit(pasted), clockOffset)
      if (step.kind === 'signed-in' || step.kind === 'over') running.delete(name)
      return step
    },
    cancel: (kept) => end(kept.expose()),
    async close() {
      await Promise.all([...running.keys()].map(end))
    },
    read: (file) => ({ kind: 'login', type: 'claude/oauth', tokens: tokensOfFile(file, '') }),
  }
}

// Their programs have ended by themselves.
function forgetOld(running: Map<string, ProgramSignIn>): void {
  const now = Date.now()
  for (const [name, { expiresAt }] of running) if (expiresAt <= now) running.delete(name)
}

function stepOf(outcome: SignInOutcome, clockOffset: ClockOffset): SignInStep {
  if (outcome.outcome === 'signed_in') {
    const tokens = tokensOfFile(outcome.file, outcome.email ?? '')
    return { kind: 'signed-in', tokens: bySharedClock(tokens, clockOffset) }
  }
  const { message, hint } = outcome
  if (outcome.outcome === 'incomplete') return { kind: 'goes-on', fault: 'pasted', message, hint }
  return { kind: 'over', message, hint }
}

function gone(): SignInStep {
  const message = 'The program that held this sign-in has ended, as it does when the server is restarted.'
  return { kind: 'over', message, hint: 'Start signing in again.' }
}
