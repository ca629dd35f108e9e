// The OpenAPI 3.1 document, made from the table of operations and their schemas. 3.1 uses JSON Schema 2020-12, which is
// what zod writes.

import { z } from 'zod'
import {
  OPERATION_NAMES,
  OPERATIONS,
  type OperationName,
  PROBLEM_TYPE,
  takesQuery,
} from '../api/operations.ts'
import { problem, SCHEMAS } from '../api/schemas.ts'
import { STATUS_OF } from '../api/status.ts'

type Json = Record<string, unknown>

/** The document for this version of the program. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Json> = {}
  for (const name of OPERATION_NAMES) {
    const { path, method } = OPERATIONS[name]
    paths[path] = { ...paths[path], [method.toLowerCase()]: describe(name) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Claviger', version, description: 'Keeps the credentials of coding agents.' },
    // One of them; of a browser on a page of the server the second.
    security: [{ token: [] }, { browser: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        browser: { type: 'apiKey', in: 'cookie', name: '__Host-claviger' },
      },
      schemas: { Problem: jsonSchema(problem, 'output') },
    },
  }
}

function describe(name: OperationName): Json {
  const { path, summary, status, answers } = OPERATIONS[name]
  const input = jsonSchema(SCHEMAS[name].input, 'input')
  const properties = (input['properties'] ?? {}) as Record<string, Json>
  const required = (input['required'] ?? []) as string[]
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter ?? '')
  const rest = Object.keys(properties).filter((property) => !inPath.includes(property))
  const inQuery = takesQuery(OPERATIONS[name]) ? rest : []
  const parameter = (where: 'path' | 'query') => (key: string) => {
    return {
      name: key,
      in: where,
      required: where === 'path' || required.includes(key),
      schema: properties[key],
    }
  }
  const parameters = [...inPath.map(parameter('path')), ...inQuery.map(parameter('query'))]
  return {
    operationId: name,
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(inQuery.length === 0 && rest.length > 0 && { requestBody: requestBody(properties, rest, required) }),
    responses: {
      [status]: {
        description: 'Done.',
        content:
          answers === undefined
            ? content('application/json', jsonSchema(SCHEMAS[name].output, 'output'))
            : content(answers, { type: 'string', format: 'binary' }),
      },
      default: {
        description: `A problem document; the status is one of ${[...new Set(Object.values(STATUS_OF))].join(', ')}.`,
        content: content(PROBLEM_TYPE, { $ref: '#/components/schemas/Problem' }),
      },
    },
  }
}

function requestBody(properties: Record<string, Json>, rest: string[], required: string[]): Json {
  const schema = {
    type: 'object',
    properties: Object.fromEntries(rest.map((key) => [key, properties[key]])),
    required: required.filter((key) => rest.includes(key)),
    additionalProperties: false,
  }
  return { required: true, content: content('application/json', schema) }
}

function content(type: string, schema: Json): Json {
  return { [type]: { schema } }
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' })
  return rest
}
