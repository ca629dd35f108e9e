// `claviger audit verify`: whether the log is whole and unchanged, asked of the server or read from an export.

import { createReadStream } from 'node:fs'
import type { Output } from '../../api/schemas.ts'
import type { ChainPlace } from '../../domain/audit/chain.ts'
import { ClavigerError } from '../../domain/errors.ts'
import { printable } from '../../domain/names.ts'
import { errorCode } from '../../lib/atomic-file.ts'
import { connect } from '../connection.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { mustHaveLog } from './audit.ts'
import { type Anchor, checkFile } from './audit-file.ts'

// What is wrong with one entry is often wrong with all that follow.
const MOST_FINDINGS = 100

// An entry has a few kilobytes at most; a file without line ends must not fill the memory.
const LONGEST_LINE = 1024 * 1024

export interface VerifyOptions {
  readonly file?: string
  readonly publicKey?: string
  readonly anchor?: string
}

/** Exit 1 when anything does not fit. */
export async function run(context: Context, options: VerifyOptions): Promise<number> {
  const anchor = options.anchor === undefined ? undefined : readAnchor(options.anchor)
  const verdict =
    options.file === undefined
      ? await online(context, options, anchor)
      : await offline(context, options.file, options, anchor)
  context.ui.progress('')
  context.ui.answer(verdict, () => inWords(verdict))
  return verdict.findings.length === 0 ? EXIT.ok : EXIT.failed
}

interface Verdict {
  readonly entries: number
  readonly position: number
  readonly hash: string
  readonly findings: readonly string[]
  /** Findings beyond the first hundred. */
  readonly omitted: number
  /** Who signed the end of a file, and when; whether that was the key that was named. */
  readonly signed?: { readonly publicKey: string; readonly at: string; readonly expected: boolean }
}

async function online(
  context: Context,
  { publicKey }: VerifyOptions,
  anchor: ChainPlace | undefined,
): Promise<Verdict> {
  if (publicKey !== undefined) {
    throw new ClavigerError('invalid', '--public-key is for a file: a server is asked, not believed.', {
      hint: 'Add --file FILE, or leave --public-key away.',
    })
  }
  mustHaveLog(context)
  const { client } = await connect(context)
  const noted = anchor && { anchorPosition: anchor.position, anchorHash: anchor.hash }
  const all = collector()
  let entries = 0
  let answer: Output<'audit.verify'> | undefined
  do {
    answer = await client.call('audit.verify', { ...noted, ...(answer?.next ?? {}) })
    entries += answer.entries
    all.add(answer.findings.map(({ message }) => message))
    all.omit(answer.omitted)
    context.ui.progress(`${entries.toLocaleString('en-US')} entries verified`)
  } while (answer.next !== null)
  return { entries, position: answer.to, hash: answer.hash, ...all.result() }
}

async function offline(
  context: Context,
  file: string,
  { publicKey }: VerifyOptions,
  anchor: ChainPlace | undefined,
): Promise<Verdict> {
  const check = checkFile({ anchor, publicKey: readPublicKey(publicKey) })
  const all = collector()
  const take = (findings: ReturnType<typeof check.add>) =>
    all.add(findings.map(({ line, message }) => `line ${line}: ${message}`))
  for await (const line of linesOf(file)) {
    take(check.add(line))
    if (check.entries % 10_000 === 0 && check.entries > 0)
      context.ui.progress(`${check.entries.toLocaleString('en-US')} entries verified`)
  }
  take(check.finish())
  const { position, hash } = check.last
  return { entries: check.entries, position, hash, ...all.result(), ...signedBy(check.end, publicKey) }
}

function signedBy(end: Anchor | null, publicKey: string | undefined): Pick<Verdict, 'signed'> {
  if (end === null) return {}
  const expected = publicKey !== undefined && publicKey.toLowerCase() === end.publicKey
  return { signed: { publicKey: end.publicKey, at: end.at, expected } }
}

function collector() {
  const findings: string[] = []
  let omitted = 0
  return {
    add(more: readonly string[]) {
      const room = MOST_FINDINGS - findings.length
      findings.push(...more.slice(0, room))
      omitted += Math.max(0, more.length - room)
    },
    omit(count: number) {
      omitted += count
    },
    result: () => ({ findings, omitted }),
  }
}

function inWords({ entries, position, hash, findings, omitted, signed }: Verdict): string[] {
  const count = `${entries.toLocaleString('en-US')} ${entries === 1 ? 'entry' : 'entries'}`
  if (findings.length > 0) {
    const rest = omitted === 0 ? [] : [`and ${omitted.toLocaleString('en-US')} more`]
    return [...findings, ...rest, `${count}, not as they were written.`]
  }
  const first = `${count}, unbroken, up to ${position}:${hash}`
  if (signed === undefined) return [first]
  const known = signed.expected
    ? 'the key you named'
    : 'compare this key with one you noted earlier, or name it with --public-key'
  return [first, `Signed ${signed.at} by ${signed.publicKey} (${known})`]
}

function readAnchor(text: string): ChainPlace {
  const [, position, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/i.exec(text) ?? []
  if (position !== undefined && hash !== undefined) {
    return { position: Number(position), hash: hash.toLowerCase() }
  }
  throw new ClavigerError('invalid', '--anchor is not POSITION:HASH.', {
    hint: 'Copy it from the last line of an earlier claviger audit verify.',
  })
}

function readPublicKey(text: string | undefined): string | undefined {
  if (text === undefined || /^[0-9a-f]{64}$/i.test(text)) return text?.toLowerCase()
  throw new ClavigerError('invalid', '--public-key is not 64 hexadecimal digits.', {
    hint: 'Copy it from what claviger audit export said.',
  })
}

async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of piecesOf(file)) {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
    if (rest.length > LONGEST_LINE) {
      throw new ClavigerError('invalid', 'A line of this file is longer than any of an export.', {
        hint: 'Make an export: claviger audit export --output FILE',
      })
    }
  }
  if (rest !== '') yield rest
}

async function* piecesOf(file: string): AsyncGenerator<string> {
  try {
    yield* createReadStream(file, 'utf8')
  } catch (cause) {
    throw new ClavigerError('invalid', `${printable(file)} cannot be read: ${errorCode(cause)}.`, {
      hint: 'Check its name, and who owns it.',
      cause,
    })
  }
}
