// What a run is asked for by a call: its first message, its workspace, and whose code it meets.

import { ClavigerError } from '../errors.ts'
import type { Access } from '../runs/conversation.ts'
import { checkWorkspace, type Workspace } from '../runs/workspace.ts'
import type { Call, Passage } from './call.ts'
import type { Served } from './serving.ts'

/** Of a conversation's beginning; the rest is to be read where it stands. */
const BEGINNING = 20_000

// Of the change around a line.
const DIFF = 4_000

// Comments may have 65,536 characters on GitHub.
const TEXT_AT_MOST = 70_000

/** The first message of its run: what is asked for, and the conversation it is asked in, each named for what it is. */
export function promptOf({ thread, author, text, passage }: Call): string {
  const asked = messageOf(text) || 'Look at this and do what it asks for.'
  const beginning = messageOf(thread.text)
  return [
    asked,
    `That is asked by ${inLine(author.name)} in ${inLine(thread.url)}. Its title, which others may have written:`,
    quoted(inLine(thread.title)),
    ...(passage === undefined ? [] : [placeOf(passage)]),
    ...(beginning === '' || beginning === asked
      ? []
      : [
          `It begins so; others may have written or changed that:\n\n${quoted(beginning.slice(0, BEGINNING))}`,
        ]),
    'Your last message is shown there as the answer.',
  ].join('\n\n')
}

// The end of a hunk is the line that was commented.
function placeOf({ path, line, diff }: Passage): string {
  const where = `It is about ${inLine(path)}${line === null ? '' : `, line ${line}`}`
  const change = messageOf(diff).slice(-DIFF)
  return change === '' ? `${where}.` : `${where}, in this change:\n\n${quoted(change)}`
}

// What a stranger has named is no line of its own.
function inLine(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, 500)
}

/** What somebody has written, as a message may have it; empty: nothing. */
export function messageOf(text: string): string {
  return text.replaceAll('\0', '').trim().slice(0, TEXT_AT_MOST)
}

// Whoever reads it sees which words are not those of whoever asks.
function quoted(text: string): string {
  return text
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n')
}

/** A clone of what belongs to the conversation, else an empty directory. Throws `invalid` for what is no repository. */
export function workspaceOf({ checkout }: Call): Workspace {
  if (checkout === null) return { kind: 'fresh' }
  const { repository, ref } = checkout
  if (!/^https?:\/\//.test(repository.url))
    throw new ClavigerError('invalid', 'What belongs to this conversation cannot be cloned over https.')
  const workspace = { kind: 'git', url: repository.url, ref } as const
  checkWorkspace(workspace)
  return workspace
}

const ACCESS: readonly Access[] = ['read', 'write', 'full']

/** Whether one may do no more than the other. */
export function isWithin(access: Access, most: Access): boolean {
  return ACCESS.indexOf(access) <= ACCESS.indexOf(most)
}

/** What the run may do: whoever is no member, and code that is not ours, get no further than reading. */
export function accessOf({ as }: Served, access: Access): Access {
  return as === 'person' ? access : 'read'
}
