// Events to somebody's address, by the rules of Standard Webhooks (standardwebhooks.com): the id, the time and the body are
// signed with HMAC-SHA256. The address comes from people, so it is called as carefully as can be: no redirects, no
// private networks unless the operator permits them, and ten seconds for everything.

import { Webhook } from 'standardwebhooks'
import { ClavigerError } from '../domain/errors.ts'
import { callUpstream, checkCallable, OutgoingError, type OutgoingPolicy } from '../lib/outgoing.ts'
import type { WebhookMessage, WebhookSender } from './webhook-sender.ts'

const TIMEOUT = 10_000

// An address in a message of the sender is shown to people and logged; it fits on a page.
const LONGEST_URL = 2_000

export interface WebhookOptions {
  /** Permits private networks, and this machine. */
  readonly allowPrivate: boolean
  /** In milliseconds; ten seconds when nothing is said. */
  readonly timeoutMs?: number
  /** See OutgoingPolicy. */
  readonly resolve?: OutgoingPolicy['resolve']
}

export function createWebhookSender({
  allowPrivate,
  timeoutMs = TIMEOUT,
  resolve,
}: WebhookOptions): WebhookSender {
  const policy = { allowPrivate, allowLoopback: allowPrivate, ...(resolve && { resolve }) }
  return {
    check(url) {
      if (url.length > LONGEST_URL) throw notCallable('It is too long.')
      try {
        checkCallable(url, policy)
      } catch (thrown) {
        if (thrown instanceof OutgoingError) throw notCallable(thrown.message)
        throw thrown
      }
    },
    async send(message) {
      try {
        const call = { method: 'POST', url: message.url, timeoutMs, maxBytes: 0, ignoreBody: true }
        const answer = await callUpstream(
          { ...call, headers: headersOf(message), body: message.body },
          policy,
        )
        return String(answer.status)
      } catch (thrown) {
        if (thrown instanceof OutgoingError) return thrown.reason
        throw thrown
      }
    },
  }
}

function headersOf({ secret, id, at, body }: WebhookMessage): Record<string, string> {
  return {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'user-agent': 'claviger',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at / 1000)),
    'webhook-signature': new Webhook(secret.expose()).sign(id, new Date(at), body),
  }
}

function notCallable(why: string): ClavigerError {
  return new ClavigerError('invalid', `This address cannot be a webhook. ${why}`, {
    hint: 'Give an https URL that others can reach. This machine and private networks: the operator sets CLAVIGER_ALLOW_PRIVATE_UPSTREAMS=yes.',
  })
}
