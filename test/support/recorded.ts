// Lines that the real programs have said (test/recorded), and readers to give them to.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ConversationEvent, NO_USAGE } from '../../src/domain/runs/conversation.ts'
import type { ConversationReader, Conversing, ReaderOptions } from '../../src/harnesses/conversing.ts'

const RECORDED = join(import.meta.dirname, '../recorded')

/** The lines of a file of test/recorded. */
export function recorded(path: string): string[] {
  return readFileSync(join(RECORDED, path), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
}

/** A reader of a new session, at noon. */
export function readerOf(conversing: Conversing, more: Partial<ReaderOptions> = {}): ConversationReader {
  return conversing.reader({
    used: NO_USAGE,
    now: () => new Date(2026, 10, 22, 12).getTime(),
    ...more,
  })
}

export function readAll(reader: ConversationReader, lines: readonly string[]): ConversationEvent[] {
  return lines.flatMap((line) => [...reader.read(line)])
}
