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
