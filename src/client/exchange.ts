// One HTTP exchange as plain values, so that the client does not care what carries it: fetch in a console or a test,
// node:http on a command line, where loading fetch would take longer than the call.

export interface Exchange {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  /** Milliseconds until it is given up. */
  readonly timeoutMs: number
  /** Gives it up. */
  readonly signal?: AbortSignal | undefined
}

export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly text: string
}

/** Carries one exchange; rejects when there was no answer, with an error named `TimeoutError` when it took too long. */
export type Send = (exchange: Exchange) => Promise<Answer>

type Fetch = (request: Request) => Response | Promise<Response>

/** Redirects are not followed, because a token must not; they come back as the answer they are. */
export function overFetch(send: Fetch = (request) => fetch(request)): Send {
  return async ({ method, url, headers, body, timeoutMs, signal: givenUp }) => {
    const late = AbortSignal.timeout(timeoutMs)
    const signal = givenUp === undefined ? late : AbortSignal.any([late, givenUp])
    const request = new Request(url, {
      method,
      headers,
      signal,
      redirect: 'manual',
      ...(body !== null && { body }),
    })
    const response = await send(request)
    const contentType = response.headers.get('content-type') ?? ''
    return { status: response.status, contentType, text: await response.text() }
  }
}
