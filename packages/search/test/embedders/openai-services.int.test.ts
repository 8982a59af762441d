import { orThrow } from '@headwater/core'
import { openaiEmbedder, type OpenaiEmbedderOptions } from '@headwater/search'
import { startOpenaiStandIn, type OpenaiStandIn } from '@headwater/testing'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { toUnitVector } from '../../src/embedders/unit-vector.ts'
import {
  dimensions,
  inputsOf,
  refused,
  understood,
  vectorOf,
  vectors,
} from './openai-services-fixture.ts'

let openai: OpenaiStandIn
let asked: Readonly<Record<string, unknown>>[]
beforeAll(async () => {
  openai = await startOpenaiStandIn()
})
beforeEach(() => {
  asked = []
  openai.answerAs((body) => {
    asked.push(body)
    return vectors(inputsOf(body))
  })
})
afterAll(() => openai.stop())

const open = (options: Partial<OpenaiEmbedderOptions> = {}) =>
  openaiEmbedder({
    apiKey: openai.apiKey,
    baseURL: openai.url,
    model: 'local',
    dimensions,
    deadlineMs: 30_000,
    ...options,
  })
const requestsOf = async (work: () => unknown): Promise<number> => {
  const before = openai.requestCount()
  await work()
  return openai.requestCount() - before
}
const units = (texts: readonly string[]) =>
  texts.map((text) =>
    (toUnitVector(vectorOf(text)) ?? []).map((value) => expect.closeTo(value, 5) as number),
  )

it.each(understood)('A service that %s is understood', async (_, variant, requests) => {
  openai.answerAs(variant)
  const embedder = open()
  const texts = ['algebra', 'geometry is the study of shapes']
  const cost = await requestsOf(async () => {
    expect(orThrow(await embedder.embed(texts))).toEqual(units(texts))
  })
  expect(cost).toBe(requests)
})

it('A service that takes fewer texts is not asked for as many again', async () => {
  openai.answerAs((body) =>
    inputsOf(body).length > 10
      ? { status: 413, body: { error: 'batch size 32 > maximum allowed batch size 10' } }
      : vectors(inputsOf(body)),
  )
  const embedder = open()
  const texts = Array.from({ length: 32 }, (_, number) => `lesson ${number}`)
  expect(orThrow(await embedder.embed(texts))).toEqual(units(texts))
  expect(await requestsOf(() => embedder.embed(texts))).toBe(4)
})

it.each(refused)('An embedder refuses %s by name, in one request', async (_, answer, code) => {
  openai.answerAs(() => answer)
  const cost = await requestsOf(async () => {
    const failed = await open().embed(['algebra'])
    expect(failed.isErr() && failed.error).toMatchObject({ type: 'store-refused', code })
  })
  expect(cost).toBe(1)
})

it('An error in an answer of status 200 that passes is waited for', async () => {
  let answers = 0
  openai.answerAs((body) => {
    answers += 1
    return answers === 1
      ? { status: 200, body: { error: { message: 'upstream', code: 502 } } }
      : vectors(inputsOf(body))
  })
  expect(orThrow(await open().embed(['algebra']))).toEqual(units(['algebra']))
})

const e5 = { query: { prefix: 'query: ' }, document: { prefix: 'passage: ' } }

it('Queries and documents are sent with the marks of their model', async () => {
  const embedder = open({ marks: e5 })
  orThrow(await embedder.embed(['algebra'], { purpose: 'query' }))
  orThrow(await embedder.embed(['algebra', 'geometry'], { purpose: 'document' }))
  orThrow(await embedder.embed(['algebra']))
  expect(asked.map(inputsOf)).toEqual([
    ['query: algebra'],
    ['passage: algebra', 'passage: geometry'],
    ['algebra'],
  ])
})

it('Fields that tell a model the purpose are part of the request', async () => {
  const marks = { query: { fields: { task: 'retrieval.query' } } }
  const embedder = open({ marks })
  orThrow(await embedder.embed(['algebra'], { purpose: 'query' }))
  orThrow(await embedder.embed(['algebra'], { purpose: 'document' }))
  expect(asked.map(({ task }) => task)).toEqual(['retrieval.query', undefined])
})

it('Prefixes count against the limits of a request', async () => {
  const embedder = open({ marks: e5, batch: { maxBytes: 31 } })
  const texts = ['algebra', 'baking']
  expect(embedder.batchSizes?.(texts)).toEqual([2])
  expect(open({ marks: e5, batch: { maxBytes: 30 } }).batchSizes?.(texts)).toEqual([1, 1])
})

it('Other marks are another profile, and no marks are the profile of before', () => {
  const variants = [{}, e5, { ...e5, query: { prefix: 'search_query: ' } }].map(
    (marks) => open({ marks }).profile,
  )
  expect(variants[0]).toEqual({ model: 'local', dimensions })
  expect(new Set(variants.map(({ variant }) => variant)).size).toBe(3)
  expect(open({ marks: e5 }).profile).toEqual(variants[1])
})

it('The query of the address and further headers are sent with every request', async () => {
  const url = `${openai.url}?api-version=2024-10-21`
  const embedder = open({ baseURL: url, headers: { 'api-key': 'k' } })
  expect(orThrow(await embedder.embed(['algebra']))).toEqual(units(['algebra']))
})

const badOptions = [
  { marks: { query: { prefix: '' } } },
  { marks: { queries: { prefix: 'query: ' } } },
  { marks: { query: { fields: { model: 'other' } } } },
  { marks: { query: { fields: { task: () => 'query' } } } },
  { headers: { 'api-key': 1 } },
] as unknown as readonly Partial<OpenaiEmbedderOptions>[]

it.each(badOptions)('An embedder refuses the options %j', (options) => {
  expect(() => open(options)).toThrow(TypeError)
})
