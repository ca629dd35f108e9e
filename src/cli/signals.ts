// Waiting for somebody to end a program that runs in the foreground.

/** Resolves at the first SIGINT or SIGTERM. A second one has its usual effect, for when closing hangs. */
export function untilEnded(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const end = (signal: NodeJS.Signals) => {
      process.off('SIGINT', end)
      process.off('SIGTERM', end)
      resolve(signal)
    }
    process.on('SIGINT', end)
    process.on('SIGTERM', end)
  })
}

/** Hears of every SIGINT, SIGTERM and SIGHUP, none of which has its usual effect, until that is taken back. */
export function onSignals(heard: (signal: NodeJS.Signals) => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, heard)
  return () => {
    for (const signal of signals) process.off(signal, heard)
  }
}
