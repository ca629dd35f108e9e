// The two plain pages people may land on: what this is, and the API's documentation. No script, so a strict policy holds.

import { OPERATION_NAMES, OPERATIONS, type OperationName } from '../api/operations.ts'
import { escapeHtml, page } from './html.ts'

/** The page at `/`. */
export function homePage(version: string): string {
  return page(
    'Claviger',
    `<h1>Claviger is running</h1>
<p>Version ${escapeHtml(version)}. It keeps the credentials of your coding agents and hands the right one to the right run.</p>
<p>Next, in a terminal on this machine:</p>
<pre>claviger credential create claude api-key --personal main
claviger exec --harness claude -- claude -p "say hi"</pre>
<p><a href="/docs">API documentation</a> · <a href="/openapi.json">OpenAPI</a> · <a href="/readyz">Readiness</a> · <a href="/metrics">Metrics</a></p>`,
  )
}

/** Where a run leads that lacks credentials. It names none: whoever comes here has not said who they are. */
export function codingAgentsPage(): string {
  return page(
    'Coding agents',
    `<h1>Coding agents</h1>
<p>Runs draw on the credentials that are stored here. What there is, in which state, and what would serve:</p>
<pre>claviger credential list
claviger explain --harness claude</pre>
<p>To add a key, to sign in again, or to try one:</p>
<pre>claviger credential create claude api-key --personal main
claviger credential create codex api-key --personal main
claviger credential login --personal NAME
claviger credential test --personal NAME</pre>
<p>A run that waits goes on by itself as soon as there is one. One that has failed: <code>claviger run wake ID</code></p>
<p><a href="/docs">API documentation</a></p>`,
  )
}

/** The page at `/docs`, made from the OpenAPI document. */
export function docsPage(document: Record<string, unknown>): string {
  const paths = document['paths'] as Record<string, Record<string, Described>>
  const sections = OPERATION_NAMES.map((name) => {
    const { path, method } = OPERATIONS[name]
    return section(name, method, path, paths[path]?.[method.toLowerCase()] ?? { summary: '', responses: {} })
  })
  const contents = OPERATION_NAMES.map(
    (name) => `<li><a href="#${name}"><code>${name}</code></a> ${escapeHtml(OPERATIONS[name].summary)}</li>`,
  )
  return page(
    'Claviger API',
    `<h1>Claviger API</h1><p>JSON over HTTP with <code>Authorization: Bearer TOKEN</code>. Errors are problem documents (RFC 9457) with a
<code>code</code>, a <code>message</code> and often a <code>hint</code>. The same as data: <a href="/openapi.json">/openapi.json</a>.</p>
<ul>${contents.join('')}</ul>${sections.join('')}`,
  )
}

interface Described {
  readonly summary: string
  readonly parameters?: readonly { name: string; in: string; required: boolean; schema: unknown }[]
  readonly requestBody?: { content: Record<string, { schema: unknown }> }
  readonly responses: Record<string, { content?: Record<string, { schema: unknown }> }>
}

function section(name: OperationName, method: string, path: string, one: Described): string {
  const parameters = (one.parameters ?? []).map(
    ({ name: key, in: where, required, schema }) =>
      `<tr><td><code>${escapeHtml(key)}</code></td><td>${where}${required ? ', required' : ''}</td><td><code>${json(schema, 0)}</code></td></tr>`,
  )
  const body = one.requestBody?.content['application/json']?.schema
  const answer = one.responses[String(OPERATIONS[name].status)]?.content?.['application/json']?.schema
  return `<h2 id="${name}">${name}</h2><p><code>${method} ${escapeHtml(path)}</code> — ${escapeHtml(one.summary)}</p>
${parameters.length > 0 ? `<table>${parameters.join('')}</table>` : ''}
${body === undefined ? '' : `<p>Body</p><pre>${json(body, 2)}</pre>`}
${answer === undefined ? '' : `<details><summary>Answer (${OPERATIONS[name].status})</summary><pre>${json(answer, 2)}</pre></details>`}`
}

function json(value: unknown, indent: number): string {
  return escapeHtml(JSON.stringify(value, null, indent) ?? '')
}
