// The body of an answer that goes on: events as they happen, in the form that browsers know (Server-Sent Events).

import type { LeaseEvent } from '../../control/leasing/lease-event.ts'
import type { LiveNews } from '../../control/live/live-news.ts'
import type { RunNews } from '../../control/runs/run-news.ts'

export type StreamedEvent = LeaseEvent | RunNews | LiveNews

export interface EventStreamOptions {
  readonly headers: Readonly<Record<string, string>>
  /** Throws when whoever listens may not any more. Asked before anything is sent. */
  readonly stillMay: () => Promise<unknown>
  /** The sentence for people why it ends, of what was thrown. */
  readonly reasonOf: (thrown: unknown) => string
  /** Ends it: the server goes down. */
  readonly ending?: AbortSignal | undefined
}

/** An answer of these events; null among them is a sign of life. It ends with them, or when the other end goes away. */
export function eventStreamResponse(
  events: AsyncIterableIterator<StreamedEvent | null>,
  { headers, stillMay, reasonOf, ending }: EventStreamOptions,
): Response {
  const encoder = new TextEncoder()
  const stop = async () => void (await events.return?.())
  ending?.addEventListener('abort', stop, { once: true })
  const over = () => ending?.removeEventListener('abort', stop)
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const end = (text: string) => {
        over()
        controller.enqueue(encoder.encode(text))
        controller.close()
      }
      try {
        const { done, value } = await events.next()
        if (done === true) return end(': the end\n\n')
        await stillMay()
        controller.enqueue(encoder.encode(textOf(value)))
      } catch (thrown) {
        await stop()
        end(textOf({ type: 'revoked', reason: reasonOf(thrown) }))
      }
    },
    async cancel() {
      over()
      await stop()
    },
  })
  return new Response(body, { headers: { ...headers, 'x-accel-buffering': 'no' } })
}

function textOf(event: StreamedEvent | null): string {
  if (event === null) return ': still here\n\n'
  const { type, ...data } = event
  const number = 'position' in event ? event.position : 'generation' in event ? event.generation : null
  const id = number === null ? '' : `id: ${number}\n`
  return `${id}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`
}
