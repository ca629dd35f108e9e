// Every operation of the HTTP API as data: name → method, path, what it is. Routes, client, OpenAPI and documentation
// come from it. Shapes are in schemas.ts, so that programs which must start fast load no schema library.

export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Names in braces are taken from the input. What is left of it goes to the query (GET, DELETE) or the body. */
  readonly path: string
  readonly summary: string
  /** The status of a success. */
  readonly status: 200 | 201 | 204
}

const TABLE = {
  'credentials.create': {
    method: 'POST',
    path: '/api/v1/credentials',
    status: 201,
    summary: 'Store a credential.',
  },
  'credentials.list': {
    method: 'GET',
    path: '/api/v1/credentials',
    status: 200,
    summary: 'List credentials. Values are never returned.',
  },
  'credentials.getOrder': {
    method: 'GET',
    path: '/api/v1/credentials/order',
    status: 200,
    summary: "Get the order an owner has set for a harness's credentials.",
  },
  'credentials.setOrder': {
    method: 'PUT',
    path: '/api/v1/credentials/order',
    status: 200,
    summary: "Set the order of an owner's credentials for a harness; an empty list clears it.",
  },
  'credentials.get': {
    method: 'GET',
    path: '/api/v1/credentials/{id}',
    status: 200,
    summary: 'Get one credential.',
  },
  'credentials.update': {
    method: 'PATCH',
    path: '/api/v1/credentials/{id}',
    status: 200,
    summary: 'Change the description, or values field by field; fields not named keep theirs.',
  },
  'credentials.rename': {
    method: 'POST',
    path: '/api/v1/credentials/{id}/rename',
    status: 200,
    summary: 'Give a credential another name.',
  },
  'credentials.move': {
    method: 'POST',
    path: '/api/v1/credentials/{id}/move',
    status: 200,
    summary: 'Give a credential to another owner.',
  },
  'credentials.test': {
    method: 'POST',
    path: '/api/v1/credentials/{id}/test',
    status: 200,
    summary: 'Ask the provider whether the credential works. A passed test clears `rejected`.',
  },
  'credentials.versions': {
    method: 'GET',
    path: '/api/v1/credentials/{id}/versions',
    status: 200,
    summary: 'List the versions of a credential, newest first.',
  },
  'credentials.rollback': {
    method: 'POST',
    path: '/api/v1/credentials/{id}/rollback',
    status: 200,
    summary: 'Make the value of an older version current again, as a new version.',
  },
  'credentials.references': {
    method: 'GET',
    path: '/api/v1/credentials/{id}/references',
    status: 200,
    summary: 'What refers to a credential and is cleared when it is deleted.',
  },
  'credentials.delete': {
    method: 'DELETE',
    path: '/api/v1/credentials/{id}',
    status: 200,
    summary: 'Delete a credential with all its versions. It cannot be undone.',
  },
  'leases.create': {
    method: 'POST',
    path: '/api/v1/leases',
    status: 201,
    summary: 'Resolve and hand out the credential for a run. Audited before the value exists in memory.',
  },
  'leases.read': {
    method: 'GET',
    path: '/api/v1/leases/{id}',
    status: 200,
    summary: 'The current value for a running lease, for its holder or its handle.',
  },
  'leases.end': {
    method: 'DELETE',
    path: '/api/v1/leases/{id}',
    status: 200,
    summary: 'End a lease; its handle stops working.',
  },
  explain: {
    method: 'GET',
    path: '/api/v1/explain',
    status: 200,
    summary: 'All candidates for a run in order, with the reason for each.',
  },
  whoami: { method: 'GET', path: '/api/v1/whoami', status: 200, summary: 'Who the token belongs to.' },
  'tokens.create': {
    method: 'POST',
    path: '/api/v1/tokens',
    status: 201,
    summary: 'Make an API token; it is shown this once.',
  },
  'tokens.list': { method: 'GET', path: '/api/v1/tokens', status: 200, summary: 'List API tokens.' },
  'tokens.revoke': {
    method: 'DELETE',
    path: '/api/v1/tokens/{name}',
    status: 200,
    summary: 'Revoke an API token by name.',
  },
  'audit.list': {
    method: 'GET',
    path: '/api/v1/audit',
    status: 200,
    summary: 'Read the audit log, oldest first.',
  },
} as const satisfies Record<string, Operation>

export type OperationName = keyof typeof TABLE

export const OPERATIONS: Readonly<Record<OperationName, Operation>> = TABLE

export const OPERATION_NAMES = Object.keys(TABLE) as OperationName[]

/** The media type of an error answer (RFC 9457). */
export const PROBLEM_TYPE = 'application/problem+json'

/** Whether what the path does not take of an input goes to the query; else it goes to the body. */
export function takesQuery({ method }: Operation): boolean {
  return method === 'GET' || method === 'DELETE'
}

/** Splits an input into the path with its names filled in, and what is left of it. */
export function fillPath(
  path: string,
  input: Readonly<Record<string, unknown>>,
): { path: string; rest: Record<string, unknown> } {
  const rest = { ...input }
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = rest[name]
    delete rest[name]
    return encodeURIComponent(String(value))
  })
  return { path: filled, rest }
}
