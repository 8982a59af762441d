import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { orThrow } from '@headwater/core'
import {
  hashingEmbedder,
  openaiEmbedder,
  recordedEmbedder,
  recordEmbeddings,
} from '@headwater/search'
import type { Embedder } from '@headwater/search'
import { startOpenaiStandIn } from '@headwater/testing'
import { embedderContract, embedderTexts } from '@headwater/testing/contracts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const dimensions = 64

embedderContract('hashing', async () => ({
  embedder: hashingEmbedder({ dimensions }),
  dispose: async () => undefined,
}))

for (const [name, options] of Object.entries({
  base64: {},
  float: { encodingFormat: 'float' },
  'small batches': { batch: { maxTexts: 7, maxBytes: 4_600 }, concurrency: 2 },
} as const)) {
  embedderContract(`OpenAI (${name})`, async () => {
    const openai = await startOpenaiStandIn()
    return {
      embedder: openaiEmbedder({
        apiKey: openai.apiKey,
        baseURL: openai.url,
        dimensions,
        ...options,
      }),
      dispose: () => openai.stop(),
    }
  })
}

embedderContract('recorded', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-recorded-'))
  const file = join(directory, 'vectors.json')
  await writeFile(
    file,
    orThrow(await recordEmbeddings(hashingEmbedder({ dimensions }), embedderTexts)),
  )
  return {
    embedder: await recordedEmbedder({ file }),
    dispose: () => rm(directory, { recursive: true }),
  }
})

describe('recorded vectors', () => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'headwater-recorded-'))
  })
  afterAll(() => rm(directory, { recursive: true }))
  const write = async (content: unknown): Promise<string> => {
    const file = join(directory, 'vectors.json')
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
    return file
  }
  const vector = Buffer.from(new Float32Array([1, 0]).buffer).toString('base64')
  const other = Buffer.from(new Float32Array([0, 1]).buffer).toString('base64')

  it('Recorded vectors belong to their model, and a text that was not recorded is refused', async () => {
    const embedder = await recordedEmbedder({
      file: await write({ model: 'some-model', dimensions: 2, vectors: { known: vector } }),
    })
    expect(embedder.profile).toEqual({ model: 'some-model', dimensions: 2 })
    expect(orThrow(await embedder.embed(['known']))).toEqual([[1, 0]])
    const refused = await embedder.embed(['known', 'unknown'])
    expect(refused.isErr() && refused.error).toMatchObject({
      type: 'invalid-input',
      field: 'texts[1]',
    })
  })

  const recordedAs = [
    ['Machine Learning', 'machine learning'],
    ['machine learning', 'Machine LEARNING'],
    ['  Machine\tLearning?', 'machine learning'],
    ['"machine learning" -python', 'machine learning'],
    ['Zu\u0308rich', 'zürich'],
    ['ｍachine learning', 'machine learning'],
  ] as const
  it.each(recordedAs)(
    'A query recorded as %j is found when %j is searched',
    async (text, asked) => {
      const vectors = { other: other, [text]: vector }
      const file = await write({ model: 'm', dimensions: 2, vectors })
      const embedder = await recordedEmbedder({ file })
      expect(orThrow(await embedder.embed([asked]))).toEqual([[1, 0]])
    },
  )

  it('A text that was recorded in several spellings has the vector of each', async () => {
    const vectors = { Polish: vector, polish: other }
    const file = await write({ model: 'm', dimensions: 2, vectors })
    const embedder = await recordedEmbedder({ file })
    expect(orThrow(await embedder.embed(['polish', 'Polish']))).toEqual([
      [0, 1],
      [1, 0],
    ])
  })

  it('A recording tells whether its embedder is case-sensitive', async () => {
    const inner = hashingEmbedder({ dimensions })
    for (const isCaseSensitive of [true, undefined]) {
      const embedder = { ...inner, embed: inner.embed.bind(inner), isCaseSensitive } as Embedder
      const file = await write(orThrow(await recordEmbeddings(embedder, ['US'])))
      expect((await recordedEmbedder({ file })).isCaseSensitive).toBe(isCaseSensitive)
    }
  })

  const badFiles = [
    ['no recording', '[]'],
    ['a vector of another length', { model: 'm', dimensions: 3, vectors: { a: vector } }],
    [
      'a vector without direction',
      { model: 'm', dimensions: 2, vectors: { a: Buffer.alloc(8).toString('base64') } },
    ],
  ] as const
  it.each(badFiles)('Recorded vectors are not read from a file with %s', async (_, content) => {
    await expect(recordedEmbedder({ file: await write(content) })).rejects.toThrow()
  })
})
