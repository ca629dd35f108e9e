// For tests: what GitHub delivers, in the shapes it publishes (shortened by what nobody here reads), and signed as it signs.

import { createHmac } from 'node:crypto'
import type { Delivered } from '../../src/channels/channel.ts'

export type Json = Readonly<Record<string, unknown>>

// As published examples have it: what nobody has edited may be updated a second later all the same.
const AT = '2026-01-05T08:00:00Z'
const LATER = '2026-01-05T08:00:01Z'

export const SIGNING = 'fake-webhook-secret-of-tests'

export const BOB = { id: 7, login: 'bob', type: 'User', site_admin: false }
export const EVE = { id: 8, login: 'eve', type: 'User', site_admin: false }

export const REPOSITORY = {
  ...{ id: 71, name: 'shop', full_name: 'acme/shop', private: true, fork: false, default_branch: 'main' },
  owner: { id: 5, login: 'acme', type: 'Organization' },
  ...{ html_url: 'https://github.com/acme/shop', clone_url: 'https://github.com/acme/shop.git' },
}

const COMMON = {
  ...{ repository: REPOSITORY, organization: { id: 5, login: 'acme' }, sender: BOB },
  installation: { id: 31, node_id: 'MDI6' },
}

// Whoever writes something is whose action it is.
const by = (written: Json): Json => ({ ...COMMON, sender: written['user'] ?? BOB })

export function issue(changed: Json = {}): Json {
  return {
    ...{ id: 5001, number: 12, title: 'The tests fail', body: 'They do.', user: EVE, state: 'open' },
    ...{ html_url: 'https://github.com/acme/shop/issues/12', locked: false, author_association: 'NONE' },
    ...{ node_id: 'I_5001', created_at: AT, updated_at: LATER },
    ...changed,
  }
}

/** Of a branch of the repository itself. */
export function pull(changed: Json = {}): Json {
  return {
    ...{ id: 6001, number: 13, title: 'Better tests', body: 'See there.', user: BOB, state: 'open' },
    ...{ html_url: 'https://github.com/acme/shop/pull/13', node_id: 'PR_6001' },
    ...{ created_at: AT, updated_at: LATER },
    head: { ref: 'better-tests', sha: 'a'.repeat(40), label: 'acme:better-tests', repo: REPOSITORY },
    base: { ref: 'main', sha: 'b'.repeat(40), label: 'acme:main', repo: REPOSITORY },
    ...changed,
  }
}

/** As issues answer for a pull request. */
export function pullAsIssue(of: Json = pull()): Json {
  const { number, title, body, user, html_url, node_id } = of
  const about = { number, title, body, user, html_url, node_id }
  return issue({ id: 5002, ...about, pull_request: { url: 'https://api.test' } })
}

export function comment(changed: Json = {}): Json {
  return {
    ...{ id: 9001, node_id: 'IC_9001', user: BOB, body: '@claviger fix it, please' },
    ...{ created_at: AT, updated_at: AT },
    ...{ author_association: 'MEMBER', performed_via_github_app: null },
    issue_url: 'https://api.github.com/repos/acme/shop/issues/12',
    ...changed,
  }
}

export function issueComment(changed: Json = {}): Json {
  const said = { comment: comment(), ...changed }
  return { ...by(said.comment), action: 'created', issue: issue(), ...said }
}

export function issueEvent(action: string, changed: Json = {}): Json {
  const about = issue(changed)
  return { ...(action === 'opened' ? by(about) : COMMON), action, issue: about }
}

export function pullEvent(action: string, changed: Json = {}): Json {
  const about = pull(changed)
  return { ...(action === 'opened' ? by(about) : COMMON), action, number: 13, pull_request: about }
}

export function reviewComment(changed: Json = {}): Json {
  const { issue_url: _, ...written } = comment({
    ...{ body: 'Why? @claviger, explain.', node_id: 'PRRC_9001', pull_request_review_id: 9301 },
    ...{ path: 'src/a.ts', line: 3, diff_hunk: '@@ -1,2 +1,3 @@\n one\n two\n+three' },
    // Nobody has edited it: it was written before its review was submitted.
    updated_at: LATER,
  })
  const there = 'https://api.github.com/repos/acme/shop/pulls/13'
  return {
    ...{ ...COMMON, action: 'created', pull_request: pull() },
    comment: { ...written, pull_request_url: there, ...changed },
  }
}

export function review(changed: Json = {}): Json {
  const there = 'https://api.github.com/repos/acme/shop/pulls/13'
  const written = { id: 9301, user: BOB, body: '@claviger do what I say below', state: 'changes_requested' }
  const node_id = 'PRR_9301'
  return {
    ...{ ...COMMON, action: 'submitted', pull_request: pull() },
    review: { ...written, node_id, submitted_at: AT, pull_request_url: there, ...changed },
  }
}

/** Signed; `id` is only a header. */
export function delivery(
  event: string,
  payload: unknown,
  id = '72d3162e-cc78-11e3-81ab',
  signing = SIGNING,
): Delivered {
  const body = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload))
  return {
    headers: {
      ...{ 'x-github-event': event, 'x-github-delivery': id, 'content-type': 'application/json' },
      'x-hub-signature-256': `sha256=${createHmac('sha256', signing).update(body).digest('hex')}`,
    },
    body,
  }
}
