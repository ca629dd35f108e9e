// `claviger run`: starts a run, and shows what happens in it when that is asked for.

import { resolve } from 'node:path'
import type { Request } from '../../api/schemas.ts'
import { ClavigerError } from '../../domain/errors.ts'
import type { HarnessName } from '../../domain/harness-names.ts'
import type { Access } from '../../domain/runs/conversation.ts'
import { shellCommand } from '../../lib/shell-quote.ts'
import { connect } from '../connection.ts'
import type { Context, GlobalOptions } from '../context.ts'
import { standing } from './ending.ts'
import { follow } from './follow.ts'
import { mustBeSaid, textFrom } from './input.ts'

interface StartOptions extends GlobalOptions {
  readonly harness?: HarnessName
  readonly prompt?: string
  readonly credential?: string
  readonly team?: string
  readonly workspace?: string
  readonly ref?: string
  readonly access?: Access
  readonly model?: string
  readonly worker?: string
  readonly once?: string
  readonly follow?: boolean
}

export async function run(context: Context, options: StartOptions): Promise<number> {
  const { harness, prompt, once, follow: follows, ref, workspace, json = false, ...rest } = options
  const { credential, team, access, model, worker } = rest
  const text = await firstMessage(context, prompt)
  if (follows && text === undefined) throw nothingToFollow()
  const connection = await connect(context)
  const place = workspaceOf(workspace, ref)
  const made = await connection.client.call('runs.create', {
    ...(harness !== undefined && { harness }),
    ...(text !== undefined && { prompt: text }),
    ...(credential !== undefined && { credential }),
    ...(team !== undefined && { team }),
    ...(access !== undefined && { access }),
    ...(model !== undefined && { model }),
    ...(worker !== undefined && { worker }),
    ...(once !== undefined && { key: once }),
    ...(place !== undefined && { workspace: place }),
  })
  if (follows) {
    context.ui.note(`Run ${made.id}`)
    if (made.hint !== null) context.ui.note(made.hint)
    // Begun once and long ago, its first message may not be among the last ones.
    const first = made.before === null ? made.messages[0]?.id : undefined
    return follow(context, connection, { id: made.id, after: 0, until: first ?? null, json })
  }
  context.ui.answer(made, () => [made.id])
  const state = standing(made.state)
  context.ui.note(
    made.messages.length === 0
      ? `It ${state}, and waits for its first message: claviger run send ${made.id} TEXT --follow`
      : `It ${state}. Follow it: claviger run logs ${made.id} --follow`,
  )
  if (made.hint !== null) context.ui.note(made.hint)
  return 0
}

async function firstMessage(context: Context, prompt: string | undefined): Promise<string | undefined> {
  if (prompt === '-') return textFrom(context)
  return prompt === undefined ? undefined : mustBeSaid(prompt, 'Give one: --prompt TEXT')
}

// What has the form of a URL is a repository; everything else is a path, of this machine when it is not a whole one.
export function workspaceOf(
  place: string | undefined,
  ref: string | undefined,
): Request<'runs.create'>['workspace'] {
  if (place === undefined || !/^[a-z][a-z+]*:\/\/|^[\w.-]+@[\w.-]+:/i.test(place)) {
    if (ref !== undefined) throw refWithoutRepository(place, ref)
    return place === undefined ? undefined : { kind: 'directory', path: resolve(place) }
  }
  return { kind: 'git', url: place, ...(ref !== undefined && { ref }) }
}

function nothingToFollow(): ClavigerError {
  return new ClavigerError('invalid', 'There is nothing to follow without a message.', {
    hint: 'Add --prompt TEXT, or leave out --follow.',
  })
}

function refWithoutRepository(place: string | undefined, ref: string): ClavigerError {
  if (place !== undefined) {
    const what = '--ref is of a repository, and a directory is worked in as it is.'
    const words = ['--workspace', `file://${resolve(place)}`, '--ref', ref]
    return new ClavigerError('invalid', what, { hint: `To have a clone of it: ${shellCommand(words)}` })
  }
  return new ClavigerError('invalid', '--ref is of a repository.', {
    hint: 'Name one: --workspace https://github.com/acme/shop.git',
  })
}
