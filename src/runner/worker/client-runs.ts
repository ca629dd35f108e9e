// The server that a worker works for, over the client.

import type { Output, Request } from '../../api/schemas.ts'
import type { Client } from '../../client/client.ts'
import type { Failure } from '../../domain/runs/conversation.ts'
import { Secret } from '../../domain/secret.ts'
import { acquired, leasesOf } from '../client-leases.ts'
import type { RunServer, Verdict } from './run-server.ts'

/** `client`: with the worker's own token. */
export function runsOf(client: Client): RunServer {
  const { live } = leasesOf(client)
  if (live === undefined) throw new Error('Leases over the client can be followed.')
  return {
    live,
    async claim(sought, signal) {
      const { runs } = await client.call(
        'runs.claim',
        {
          ...sought,
          server: client.server,
          harnesses: [...sought.harnesses],
          programs: sought.programs.map((program) => ({ ...program })),
          directories: [...sought.directories],
          holding: [...sought.holding],
          ended: [...sought.ended],
        },
        signal,
      )
      return runs
    },
    async heartbeat(process, runs, waitSeconds, signal) {
      const beats = runs.map(({ id, claim, bell }) => ({ id, claim, bell }))
      return client.call('runs.heartbeat', { process, runs: beats, waitSeconds }, signal)
    },
    async over(places, signal) {
      return (await client.call('runs.places', { places: [...places] }, signal)).over
    },
    async report({ id, claim }, items) {
      await client.call('runs.report', { id, claim, items: [...items] as Request<'runs.report'>['items'] })
    },
    async cloneAccess({ id, claim }) {
      const { url, username, token } = await client.call('runs.repository', { id, claim })
      return { url, username, token: new Secret(token) }
    },
    async endCloneAccess({ id }, { token }) {
      await client.call('runs.cloned', { id, token: token.expose() })
    },
    async lease({ id: run, claim, harness }, ambient) {
      return acquired(client.server, await client.call('leases.create', { run, claim, harness, ambient }))
    },
    async reject(leaseId, generation, failure) {
      const answer = await client.call('leases.reject', { id: leaseId, generation, ...wordsOf(failure) })
      return verdictOf(client.server, answer)
    },
  }
}

const KNOWN_CODE = /^[\w .:-]{1,100}$/

function wordsOf({ kind, status, code, resetsAt }: Failure) {
  const word = code !== null && KNOWN_CODE.test(code) ? code : CODE_OF[kind]
  return {
    ...(status !== null && status >= 100 && status <= 599 && { status }),
    ...(word !== undefined && { code: word }),
    ...(isTime(resetsAt) && { resetAt: new Date(resetsAt).toISOString() }),
  }
}

// Whatever a program has made of it.
function isTime(time: number | null): time is number {
  return time !== null && !Number.isNaN(new Date(time).getTime())
}

// Where the program has no word for it.
const CODE_OF: Partial<Record<Failure['kind'], string>> = {
  authentication: 'authentication_failed',
  quota: 'rate_limit',
  billing: 'billing_error',
  organization: 'permission_error',
}

function verdictOf(server: string, answer: Output<'leases.reject'>): Verdict {
  const { reason, until, signInHint, lease } = answer
  switch (answer.verdict) {
    case 'retry':
      return { kind: 'retry', reason }
    case 'switch':
      return lease === null
        ? { kind: 'fail', reason }
        : { kind: 'switch', reason, lease: acquired(server, lease) }
    case 'wait': {
      const hint = signInHint === null ? '' : `. ${signInHint}`
      return { kind: 'wait', reason: `${reason}${hint}`, until: until === null ? null : Date.parse(until) }
    }
    case 'fail':
      return { kind: 'fail', reason }
  }
}
