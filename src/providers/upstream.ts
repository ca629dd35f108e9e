// What the providers share: the sentences for answers that say nothing about a credential. It knows no provider; whoever
// calls it passes the name to show.

import { CREDENTIAL_TYPES, type CredentialType } from '../domain/credential-types.ts'
import { ClavigerError } from '../domain/errors.ts'
import type { FieldValues } from '../domain/values.ts'
import { isObject, type JsonAnswer, textOf } from '../lib/json/ask-json.ts'
import { OutgoingError, type OutgoingReason } from '../lib/outgoing.ts'
import type { Probe } from './provider.ts'

const NOT_ABOUT_THE_KEY = 'This says nothing about the credential.'

/** Texts of the `error` object that Anthropic and OpenAI answer with; '' where absent. For comparing only. */
export interface UpstreamError {
  readonly type: string
  readonly code: string
  readonly message: string
}

/** Runs a probe, and turns a call that got no response into `unknown` with a sentence. */
export async function probing(service: string, probe: () => Promise<Probe>): Promise<Probe> {
  try {
    return await probe()
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error
    return { result: 'unknown', message: `${unansweredSentence(service, error.reason)} ${NOT_ABOUT_THE_KEY}` }
  }
}

/** The error in a body of the form `{"error": {…}}`; undefined when it has another form. */
export function errorOf(answer: JsonAnswer): UpstreamError | undefined {
  const error = answer.json?.['error']
  if (!isObject(error)) return undefined
  return { type: textOf(error['type']), code: textOf(error['code']), message: textOf(error['message']) }
}

/**
 * The probe for an answer that cannot be relied on: an outage, a redirect, or another program's answer.
 * `accepted` says that an earlier call of the same probe showed the credential to be right.
 */
export function unreliable(service: string, { status }: JsonAnswer, accepted = false): Probe {
  const close = accepted
    ? 'The credential itself was accepted; whether it has credit could not be checked.'
    : NOT_ABOUT_THE_KEY
  return { result: 'unknown', message: `${unreliableSentence(service, status)} ${close}` }
}

/** The value of a field the type requires. Throws `invalid` when it is missing. */
export function fieldValue(fields: FieldValues, name: string): string {
  const value = fields[name]?.expose()
  if (!value) {
    throw new ClavigerError('invalid', `The credential has no ${name}, so it cannot be tested.`, {
      hint: 'Enter its value again with `claviger credential update --value`.',
    })
  }
  return value
}

/** The error for a type the provider does not list in `probes`. */
export function cannotProbe(type: CredentialType): ClavigerError {
  return new ClavigerError('invalid', `A ${CREDENTIAL_TYPES[type].title} cannot be tested this way.`)
}

function unansweredSentence(service: string, reason: OutgoingReason): string {
  switch (reason) {
    case 'timeout':
      return `${service} did not answer in time. Try again in a few minutes.`
    // In the same words: whether a name leads into our network is nobody's to find out who may only store a credential.
    case 'network':
    case 'refused-address':
      return `${service} could not be reached, or is on this machine or in a private network, where nothing may be called. Check the network, and the base URL or region; whoever operates the server may allow it: CLAVIGER_ALLOW_PRIVATE_UPSTREAMS=yes.`
    case 'too-large':
      return `The answer was too long to be one of ${service}. Check the base URL.`
    case 'refused-url':
      return 'The base URL cannot be called. Give a plain https URL (http on this machine only).'
  }
}

function unreliableSentence(service: string, status: number): string {
  if (status >= 500) return `${service} is out of order (status ${status}). Try again in a few minutes.`
  if (status >= 300 && status < 400) {
    return `A redirect (status ${status}) came instead of an answer of ${service}, and is not followed. Check the base URL.`
  }
  return `What answered (status ${status}) was not what we know of ${service}. Check the base URL and proxies.`
}
