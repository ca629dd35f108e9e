// The pages under docs/ that say what the code already knows, rendered from its tables.

import { OPERATION_NAMES, OPERATIONS } from '../src/api/operations.ts'
import { SCHEMAS } from '../src/api/schemas.ts'
import { STATUS_OF } from '../src/api/status.ts'
import { SETTINGS, type SettingDefinition } from '../src/config.ts'
import { CREDENTIAL_TYPE_NAMES, CREDENTIAL_TYPES } from '../src/domain/credential-types.ts'

const NOTE = '<!-- Made by `npm run docs`. Change the table it comes from, not this page. -->\n'

/** File name under docs/ → its text. */
export function renderDocs(): Map<string, string> {
  return new Map([
    ['configuration.md', configuration()],
    ['api.md', api()],
    ['credential-types.md', credentialTypes()],
  ])
}

function configuration(): string {
  const rows = Object.values(SETTINGS).map((one: SettingDefinition) => {
    const aliases = one.aliases === undefined ? '' : ` (alias ${one.aliases.map(code).join(', ')})`
    return [
      `${code(one.variable)}${aliases}`,
      one.flag === undefined ? '' : code(one.flag),
      one.standard,
      one.meaning,
    ]
  })
  return page('Configuration', [
    'Flags win over variables. An empty variable counts as not set. Nothing else is read from the environment.',
    table(['variable', 'flag', 'default', 'meaning'], rows),
  ])
}

function api(): string {
  const rows = OPERATION_NAMES.map((name) => {
    const { method, path, summary } = OPERATIONS[name]
    const input = Object.keys(SCHEMAS[name].input.shape).map(code).join(', ')
    return [code(name), `${method} ${code(path)}`, input, summary]
  })
  const codes = Object.entries(STATUS_OF).map(([name, status]) => [code(name), String(status)])
  return page('HTTP API', [
    'JSON over HTTP with `Authorization: Bearer TOKEN`. Names in braces are part of the path; what else an operation takes goes to the query (GET, DELETE) or the JSON body. A running server shows every shape at `/docs` and as OpenAPI 3.1 at `/openapi.json`.',
    table(['operation', 'route', 'takes', 'what it does'], rows),
    '## Errors',
    'Errors are problem documents (RFC 9457): `code`, `message` (what went wrong), `hint` (what to do next), `requestId` (what the log of the server knows it by).',
    table(['code', 'status'], codes),
    '## Without a token',
    '`GET /healthz` (alive), `GET /readyz` (store and master key usable), `GET /metrics` (Prometheus), `GET /docs`, `GET /openapi.json`.',
  ])
}

function credentialTypes(): string {
  const sections = CREDENTIAL_TYPE_NAMES.flatMap((name) => {
    const type = CREDENTIAL_TYPES[name]
    const fields = type.fields.map((field) => [
      code(field.name),
      field.label,
      field.secret ? 'secret' : 'shown',
      field.required ? 'yes' : 'no',
      field.variable === null ? '' : code(field.variable),
    ])
    const entry =
      type.entry === 'sign-in' ? ' Made by signing in, which this version does not offer yet.' : ''
    return [
      `## ${code(name)}: ${type.title}`,
      `${type.harness === null ? 'Handed to every run as an environment variable.' : `For ${code(type.harness)}; place ${type.order} in its order.`}${entry}`,
      `Get one: ${type.whereToGet}. Needs: ${type.rights} Bills: ${type.bills}`,
      table(['field', 'what it is', 'kind', 'required', 'variable'], fields),
    ]
  })
  return page('Credential types', sections)
}

function page(title: string, blocks: readonly string[]): string {
  return `${NOTE}\n# ${title}\n\n${blocks.join('\n\n')}\n`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function code(text: string): string {
  return `\`${text}\``
}
