// Reading what GitHub says: everything may be missing, or of another shape.

import type { Account, Repository } from '../../domain/channels/call.ts'
import { isObject, type JsonObject, textOf } from '../../lib/json/ask-json.ts'

/** What stands there, when it is an object; else an empty one. */
export function objectOf(from: JsonObject, name: string): JsonObject {
  const value = from[name]
  return isObject(value) ? value : {}
}

/** GitHub's numbers as they are compared here; null: there is none. */
export function numberOf(value: unknown): string | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? String(value) : null
}

/** An account; null when it has no number: it was deleted, and nobody is it. `accounts`: as linked ones are called. */
export function accountIn(user: JsonObject, accounts: string): Account | null {
  const accountId = numberOf(user['id'])
  if (accountId === null) return null
  const name = textOf(user['login']).slice(0, 100)
  // Everything but a person is a program here: `Bot`, `Organization`, and what there will be.
  return { accounts, accountId, name, isBot: user['type'] !== 'User' || name.endsWith('[bot]') }
}

/** A repository; null when it is none. What does not say that it is public is private. */
export function repositoryIn(from: JsonObject): Repository | null {
  const id = numberOf(from['id'])
  const [name, url] = [textOf(from['full_name']), textOf(from['clone_url'])]
  if (id === null || name === '' || url === '') return null
  return { id, name, url, isPrivate: from['private'] !== false }
}

/** The commit that a pull request is at; empty: it says none. */
export function commitIn(pull: JsonObject): string {
  const commit = textOf(objectOf(pull, 'head')['sha'])
  return /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(commit) ? commit : ''
}

/** Whether an App has written it, with a token of the account whose name it bears. GitHub says so of issues and their comments. */
export function isByApp(written: JsonObject): boolean {
  return (written['performed_via_github_app'] ?? null) !== null
}
