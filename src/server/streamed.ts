// The body of an answer that is made while it is sent.

export interface StreamedOptions {
  readonly headers: Readonly<Record<string, string>>
  /** Hears why it broke off: the status has been sent by then, and the other end only sees that it is not complete. */
  readonly failed: (thrown: unknown) => void
}

/** An answer of these bytes, fetched as fast as the other end takes them; given up when it goes away. */
export function streamedResponse(
  bytes: AsyncIterableIterator<Uint8Array>,
  { headers, failed }: StreamedOptions,
): Response {
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await bytes.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      } catch (thrown) {
        failed(thrown)
        controller.error(thrown)
      }
    },
    async cancel() {
      await bytes.return?.()
    },
  })
  return new Response(body, { headers })
}
