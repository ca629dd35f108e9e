// What is known on this machine of the code in a clone: what it was at by our doing, what its repository had when it was
// looked at last, and what is said of that before which message. So that whoever takes a run up after a kill says the same.

import { readIfThere, writeFileAtomically } from '../../lib/atomic-file.ts'

export interface CodeRecord {
  /** The commit that the work tree was brought to last; null: nobody knows. */
  readonly checkedOut: string | null
  /** The commit that its repository had when it was looked at last. */
  readonly seen: string | null
  /** The message for which that was; null: it was for the clone. */
  readonly message: string | null
  /** What is said before it; null: there is nothing to say. */
  readonly line: string | null
}

export async function readCodeRecord(file: string): Promise<CodeRecord> {
  const known = JSON.parse((await readIfThere(file)) ?? '{}') as Partial<CodeRecord>
  const { checkedOut = null, seen = null, message = null, line = null } = known
  return { checkedOut, seen, message, line }
}

export async function writeCodeRecord(file: string, record: CodeRecord): Promise<void> {
  await writeFileAtomically(file, JSON.stringify(record))
}

/** The text of a message as its program is given it. */
export function withLine(line: string | null, text: string): string {
  return line === null ? text : `${line}\n\n${text}`
}

/** The text that the program was given for this message, or is to be given as far as is known. */
export async function textGiven(
  file: string,
  { id, text }: { readonly id: string; readonly text: string },
): Promise<string> {
  const { message, line } = await readCodeRecord(file)
  return withLine(message === id ? line : null, text)
}
