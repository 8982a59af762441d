import type { HttpReply, HttpRequest } from '../http-stand-in/http-stand-in.ts'
import { PineconeError, invalidArgument, notFound } from './pinecone-error.ts'
import { fieldsOf, integerWithin, isObject, optionalString, parseBody } from './request-fields.ts'
import type { Fields } from './request-fields.ts'
import { metrics } from './similarity.ts'
import type { Metric } from './similarity.ts'
import { StoredIndex } from './stored-index.ts'
import type { Consistency, IndexDefinition } from './stored-index.ts'

const maxDimension = 20_000

/** The location of an index that was created without one. */
export const defaultDeployment = {
  deployment_type: 'managed',
  cloud: 'aws',
  region: 'us-east-1',
} as const

/** The indexes of a project and their hosts. */
export interface Project {
  readonly indexes: Map<string, StoredIndex>
  readonly consistency: Consistency
  hostOf(name: string, request: HttpRequest): string
}

/** Answers a request to the control plane. */
export function answerControlPlane(project: Project, request: HttpRequest): HttpReply {
  if (request.path === '/indexes') return answerCollection(project, request)
  const encoded = /^\/indexes\/([^/]+)$/.exec(request.path)?.[1]
  if (encoded === undefined) throw notFound(`Unknown path ${request.path}`)
  const index = indexOf(project, decodeURIComponent(encoded))
  if (request.method === 'GET')
    return { status: 200, body: indexBody(project, index.definition, request) }
  if (request.method === 'PATCH') return configure(project, index, request)
  if (request.method === 'DELETE') return remove(project, index)
  throw methodNotAllowed(request)
}

/** The index of this name. */
export function indexOf(project: Project, name: string): StoredIndex {
  const index = project.indexes.get(name)
  if (index === undefined) throw notFound(`Resource ${name} not found`)
  return index
}

function answerCollection(project: Project, request: HttpRequest): HttpReply {
  if (request.method === 'POST') return create(project, request)
  if (request.method !== 'GET') throw methodNotAllowed(request)
  const indexes = Array.from(project.indexes.values(), ({ definition }) =>
    indexBody(project, definition, request),
  )
  return { status: 200, body: { indexes } }
}

function create(project: Project, request: HttpRequest): HttpReply {
  const fields = parseBody(request.body, [
    'name',
    'deployment',
    'schema',
    'deletion_protection',
    'tags',
  ])
  const definition: IndexDefinition = {
    name: parseIndexName(optionalString(fields, 'name')),
    ...parseSchema(fields['schema']),
    isProtected: parseProtection(fields) ?? false,
    tags: isObject(fields['tags']) ? (fields['tags'] as Record<string, string>) : null,
    deployment: parseDeployment(fields['deployment']),
  }
  if (project.indexes.has(definition.name))
    throw new PineconeError(409, 'ALREADY_EXISTS', `Resource ${definition.name} already exists`)
  project.indexes.set(definition.name, new StoredIndex(definition, project.consistency))
  return { status: 201, body: indexBody(project, definition, request) }
}

function configure(project: Project, index: StoredIndex, request: HttpRequest): HttpReply {
  const fields = parseBody(request.body, ['deletion_protection', 'tags'])
  const { isProtected, tags } = index.definition
  index.definition = {
    ...index.definition,
    isProtected: parseProtection(fields) ?? isProtected,
    tags: isObject(fields['tags'])
      ? { ...tags, ...(fields['tags'] as Record<string, string>) }
      : tags,
  }
  return { status: 200, body: indexBody(project, index.definition, request) }
}

function remove(project: Project, { definition }: StoredIndex): HttpReply {
  if (definition.isProtected) {
    throw new PineconeError(
      403,
      'FORBIDDEN',
      `Deletion protection is enabled for ${definition.name}; disable it before deleting`,
    )
  }
  project.indexes.delete(definition.name)
  return { status: 202 }
}

function indexBody(project: Project, definition: IndexDefinition, request: HttpRequest): unknown {
  const { name, dimension, metric, isProtected, tags, deployment } = definition
  return {
    name,
    host: project.hostOf(name, request),
    status: { ready: true, state: 'Ready' },
    schema: { fields: { _values: { type: 'dense_vector', description: null, dimension, metric } } },
    deployment,
    tags,
    deletion_protection: isProtected ? 'enabled' : 'disabled',
  }
}

function parseIndexName(name: string | undefined): string {
  if (name !== undefined && /^[a-z0-9]([a-z0-9-]{0,43}[a-z0-9])?$/.test(name)) return name
  throw invalidArgument(
    "Name must be 1 to 45 lower case alphanumeric characters or '-', and start and end with an alphanumeric one",
  )
}

function parseSchema(value: unknown): { dimension: number; metric: Metric } {
  const { fields } = fieldsOf(value, ['fields'], 'schema')
  const { _values } = fieldsOf(
    fields,
    ['_values'],
    'the schema of a dense index, all that this stand-in keeps',
  )
  const { type, dimension, metric } = fieldsOf(_values, ['type', 'dimension', 'metric'], '_values')
  if (type !== 'dense_vector')
    throw invalidArgument(`_values must be of type dense_vector, got ${JSON.stringify(type)}`)
  const known = metrics.find((name) => name === metric)
  if (known === undefined)
    throw invalidArgument(
      `metric must be one of ${metrics.join(', ')}, got ${JSON.stringify(metric)}`,
    )
  return {
    dimension: integerWithin(dimension, 'dimension', { min: 1, max: maxDimension }),
    metric: known,
  }
}

function parseDeployment(value: unknown): Readonly<Record<string, unknown>> {
  const fields = fieldsOf(value ?? defaultDeployment, Object.keys(defaultDeployment), 'deployment')
  if (fields['deployment_type'] !== 'managed')
    throw invalidArgument('This stand-in has managed deployments only')
  return fields
}

function parseProtection(fields: Fields): boolean | undefined {
  const value = optionalString(fields, 'deletion_protection')
  if (value === undefined) return undefined
  if (value === 'enabled' || value === 'disabled') return value === 'enabled'
  throw invalidArgument(`deletion_protection must be enabled or disabled, got ${value}`)
}

function methodNotAllowed({ method, path }: HttpRequest): PineconeError {
  return new PineconeError(405, 'UNIMPLEMENTED', `Method ${method} is not allowed for ${path}`)
}
