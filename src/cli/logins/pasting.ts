// What the person brings back from the browser: at a prompt, or as lines of standard input where there is no terminal.

import { createInterface } from 'node:readline'
import type { Context } from '../context.ts'

/** Takes one answer. Returns what is wrong with it, or null when nothing more is wanted. */
export type TakePasted = (text: string) => Promise<string | null>

/**
 * Asks until `take` wants no more, or the signal aborts. Resolves with false when nothing can come any more. Throws when
 * the person gives up.
 */
export async function readPasted(context: Context, take: TakePasted, signal: AbortSignal): Promise<boolean> {
  const { ui, dependencies } = context
  if (ui.interactive) return ask(context, take, signal)
  const lines = createInterface({ input: dependencies.stdin, signal })
  try {
    for await (const line of lines) {
      if (line.trim() === '') continue
      const fault = await take(line)
      if (fault === null || signal.aborted) return true
      ui.note(fault)
    }
    return signal.aborted
  } finally {
    lines.close()
  }
}

async function ask({ ui }: Context, take: TakePasted, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    const text = await ui.askUntil('Paste the code, or the address the browser ended at', signal)
    if (text === null) return true
    const fault = await take(text)
    if (fault === null) return true
    ui.note(fault)
  }
  return true
}
