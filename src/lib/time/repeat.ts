// Work that is done again and again in the background of a server, never twice at a time.

export interface Repeated {
  /** No more of it; resolves when what is under way has ended. */
  stop(): Promise<void>
}

/** Does `work` now and then every `interval` milliseconds, counted from its end; `failed` hears what it throws. */
export function repeat(
  interval: number,
  work: () => Promise<void>,
  failed: (thrown: unknown) => void,
): Repeated {
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const once = async () => {
    await work().catch(failed)
    // A server is not kept alive by what it does in the background.
    if (!stopped) timer = setTimeout(again, interval).unref()
  }
  const again = () => {
    running = once()
  }
  let running = once()
  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
