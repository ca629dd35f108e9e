// Exchanges with an app of this process: no socket, but as patient and as easily given up as one.

type Fetch = (request: Request) => Response | Promise<Response>

export interface InProcess {
  /** Rejects as soon as the request's signal aborts; the app finishes with it all the same. */
  fetch(request: Request): Promise<Response>
  /** Resolves when the app has finished with all of them. */
  settled(): Promise<void>
}

export function inProcess(app: { readonly fetch: Fetch }): InProcess {
  const underWay = new Set<Promise<unknown>>()
  return {
    async fetch(request) {
      const { signal } = request
      signal.throwIfAborted()
      const answer = Promise.resolve(app.fetch(request))
      const over = answer.catch(() => undefined).finally(() => underWay.delete(over))
      underWay.add(over)
      const given = Promise.withResolvers<never>()
      const giveUp = () => given.reject(signal.reason)
      signal.addEventListener('abort', giveUp, { once: true })
      try {
        return await Promise.race([answer, given.promise])
      } finally {
        signal.removeEventListener('abort', giveUp)
      }
    },
    async settled() {
      await Promise.all(underWay)
    },
  }
}
