// What somebody has chosen of a run that is not started yet.

import type { Output, Request } from '../../../../../src/api/schemas.ts'
import type { Access } from '../../../words/access.ts'

type Asked = Request<'runs.create'>
export type Harness = NonNullable<Asked['harness']>
type WorkspaceKind = NonNullable<Asked['workspace']>['kind']

export interface Draft {
  readonly harness: Harness
  /** Empty: any of its teams. */
  readonly team: string
  /** Id of the one credential; empty: chosen automatically. */
  readonly credential: string
  readonly prompt: string
  readonly workspace: WorkspaceKind
  readonly path: string
  readonly url: string
  readonly ref: string
  readonly access: Access
  readonly model: string
  /** Empty: any. */
  readonly worker: string
}

export const WORKSPACE_CHOICES: readonly { value: WorkspaceKind; label: string }[] = [
  { value: 'fresh', label: 'A fresh, empty one' },
  { value: 'git', label: 'A Git repository' },
  { value: 'directory', label: 'A directory of the worker' },
]

/** As that run was asked for, but for its credential and team. */
export function draftFrom(harness: Harness, again: Output<'runs.read'> | undefined): Draft {
  const wanted = again?.wanted
  const workspace = wanted?.workspace ?? { kind: 'fresh' }
  return {
    ...{ harness, team: '', credential: '', prompt: again?.messages[0]?.text ?? '' },
    workspace: workspace.kind,
    path: workspace.kind === 'directory' ? workspace.path : '',
    url: workspace.kind === 'git' ? workspace.url : '',
    ref: workspace.kind === 'git' ? (workspace.ref ?? '') : '',
    ...{ access: wanted?.access ?? 'write', model: wanted?.model ?? '', worker: wanted?.worker ?? '' },
  }
}

/** The request that starts it. */
export function requestOf(draft: Draft): Asked {
  const { harness, team, credential, prompt, access, model, worker } = draft
  return {
    ...{ harness, access, workspace: workspaceOf(draft) },
    ...(prompt.trim() !== '' && { prompt }),
    ...(credential !== '' && { credential }),
    ...(team !== '' && { team }),
    ...(model.trim() !== '' && { model: model.trim() }),
    ...(worker !== '' && { worker }),
  }
}

function workspaceOf({ workspace, path, url, ref }: Draft): NonNullable<Asked['workspace']> {
  if (workspace === 'directory') return { kind: 'directory', path: path.trim() }
  if (workspace === 'git') return { kind: 'git', url: url.trim(), ref: ref.trim() === '' ? null : ref.trim() }
  return { kind: 'fresh' }
}

/** What is still missing before it can be asked for, but for a credential. */
export function isWhole({ workspace, path, url }: Draft): boolean {
  if (workspace === 'directory') return path.trim() !== ''
  return workspace === 'fresh' || url.trim() !== ''
}
