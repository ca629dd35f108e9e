// The server's log: one JSON object a line on standard error, by pino. Secrets print as `[redacted]` by themselves.

import { pino } from 'pino'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/**
 * Writes at once (not buffered), so that the last line before a crash is there. `server` is on every line: it tells the
 * servers of one database apart.
 */
export function createLog(level: LogLevel, server: string): Log {
  return pino(
    { level, base: { server }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  )
}
