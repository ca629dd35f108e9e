// What a run is called in lists: the beginning of the first message to it.

import type { Run } from './run.ts'

const AT_MOST = 120

/** The beginning of this text. */
export function titleIn(text: string): string {
  const [line = ''] = text.trim().split('\n')
  return line.slice(0, AT_MOST)
}

/** Empty: nothing was said to it yet. */
export function titleOf({
  wanted,
  run,
}: {
  readonly wanted: { readonly title: string }
  readonly run: Run
}): string {
  return wanted.title || (run.title ?? '')
}
