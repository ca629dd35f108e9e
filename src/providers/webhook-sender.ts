// The port of sending an event to somebody's address, signed so that they know it is ours.

import type { Secret } from '../domain/secret.ts'

export interface WebhookMessage {
  readonly url: string
  /** `whsec_` and 32 bytes in base64. */
  readonly secret: Secret
  /** The same each time it is sent, so that a receiver can drop what it has. */
  readonly id: string
  /** When it is sent, in milliseconds since 1970. */
  readonly at: number
  readonly body: string
}

/** Sends nothing anywhere but to the address; reads nothing of the answer but its status. */
export interface WebhookSender {
  /** Throws `invalid` for an address that is never called. */
  check(url: string): void
  /**
   * The status of HTTP that came back as text, or a word: `timeout`, `network`, `refused-url`, `refused-address`. It
   * never throws.
   */
  send(message: WebhookMessage): Promise<string>
}
