// The pages under docs/ that say what the code already knows, rendered from its tables.

import type { Permission } from '../src/api/operation.ts'
import { OPERATION_NAMES, OPERATIONS } from '../src/api/operations.ts'
import { SCHEMAS } from '../src/api/schemas.ts'
import { STATUS_OF } from '../src/api/status.ts'
import { GENERAL_RIGHTS, isGeneralRight, RIGHTS, ROLES, type Role } from '../src/domain/caller.ts'
import { CREDENTIAL_TYPE_NAMES, CREDENTIAL_TYPES } from '../src/domain/credential-types.ts'
import type { SettingDefinition } from '../src/domain/settings/setting-checks.ts'
import { SETTINGS } from '../src/domain/settings/settings.ts'
import { code, page, table } from './render.ts'
import { plugins } from './render-plugins.ts'

/** File name under docs/ → its text. */
export function renderDocs(): Map<string, string> {
  return new Map([
    ['configuration.md', configuration()],
    ['api.md', api()],
    ['credential-types.md', credentialTypes()],
    ['permissions.md', permissions()],
    ['plugins.md', plugins()],
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
    'JSON over HTTP with `Authorization: Bearer TOKEN`. Names in braces are part of the path; what else an operation takes goes to the query (GET, DELETE) or the JSON body. A running server shows every shape at `/docs` and as OpenAPI 3.1 at `/openapi.json`. `HEAD` is answered with 405: to read is to be recorded.',
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
    const fields = type.fields
      .filter(({ ofPlugin }) => ofPlugin !== true)
      .map((field) => [
        code(field.name),
        field.label,
        field.secret ? 'secret' : 'shown',
        field.required ? 'yes' : 'no',
        field.variable === null ? '' : code(field.variable),
      ])
    const signIn = code(`claviger credential create ${name.replace('/', ' ')} NAME`)
    const entry = type.entry === 'sign-in' ? ` Made by signing in: ${signIn}.` : ''
    return [
      `## ${code(name)}: ${type.title}`,
      `${type.harness === null ? 'Handed to every run as an environment variable.' : `For ${code(type.harness)}; place ${type.order} in its order.`}${entry}`,
      `Get one: ${type.whereToGet}. Needs: ${type.rights} Bills: ${type.bills}`,
      table(['field', 'what it is', 'kind', 'required', 'variable'], fields),
    ]
  })
  return page('Credential types', sections)
}

function permissions(): string {
  const head = ['operation', 'right', ...ROLES]
  const rows = OPERATION_NAMES.map((name) => {
    const { permission } = OPERATIONS[name]
    return [code(name), permissionTitle(permission), ...ROLES.map((role) => answerTo(permission, role))]
  })
  const general = Object.entries(GENERAL_RIGHTS).map(([right, roles]: [string, readonly Role[]]) => [
    code(right),
    ...ROLES.map((role) => (roles.includes(role) ? 'yes' : '–')),
  ])
  const relations = Object.entries(RIGHTS).map(([relation, byRole]) => [
    relation.replace('-', ' '),
    ...ROLES.map((role) => byRole[role].join(', ') || '–'),
  ])
  return page('Permissions', [
    'Who may do what, from the tables that decide it (`src/domain/caller.ts`, `src/api/operations/`). Everything is within one organization: what belongs to another is answered as if it did not exist. Refusals are recorded in the audit log. No right lets anybody read a value that stays here; `take` lets a person have one of their own, which ends it here.',
    '## Operations',
    'A right that is not about one credential is checked before anything is looked up. `by owner`: it depends on whose credential it is, see below. The handle of a lease may read and end that lease, and nothing else.',
    table(head, rows),
    '## Rights that are not about one credential',
    '`shareSubscriptions` is asked for when `policy.set` is to let Claude subscriptions serve others; `operate` only counts in the organization that operates the installation.',
    table(['right', ...ROLES], general),
    '## Rights over credentials, by whose they are',
    'exists: that there is one. describe: everything but the value; of what the organization owns members see the name and type only. use: get it for a run of one’s own. manage: create, change, test, move, delete. A worker that runs as an agent has what that agent has; one without draws on what the organization owns.',
    table(['whose', ...ROLES], relations),
  ])
}

function permissionTitle(permission: Permission): string {
  if (permission === 'public') return 'none: a code or password is part of the question'
  if (permission === 'signed-in') return 'none: about oneself, or what one may see'
  if (permission === 'own-lease') return 'holds the lease'
  return code(permission.replace('credential:', ''))
}

function answerTo(permission: Permission, role: Role): string {
  if (permission === 'public' || permission === 'signed-in') return 'yes'
  if (permission === 'own-lease') return 'its own'
  if (!isGeneralRight(permission)) {
    const right = permission.replace('credential:', '')
    const ever = Object.values(RIGHTS).some((byRole) => byRole[role].some((one) => one === right))
    return ever ? 'by owner' : '–'
  }
  const roles: readonly Role[] = GENERAL_RIGHTS[permission]
  return roles.includes(role) ? 'yes' : '–'
}
