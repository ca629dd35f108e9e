// A pause before a line is connected again.

/** After so many milliseconds; sooner when the machine wakes up, finds its network or is looked at again. */
export function soon(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const ended = new AbortController()
    const over = () => {
      ended.abort()
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(over, ms)
    const options = { signal: ended.signal }
    signal.addEventListener('abort', over, options)
    window.addEventListener('online', over, options)
    document.addEventListener(
      'visibilitychange',
      () => document.visibilityState === 'visible' && over(),
      options,
    )
  })
}
