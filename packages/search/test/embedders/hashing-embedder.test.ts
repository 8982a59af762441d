import { orThrow } from '@headwater/core'
import { describe, expect, it } from 'vitest'
import { hashingEmbedder } from '../../src/embedders/hashing-embedder.ts'

const embedder = hashingEmbedder()

async function similarity(left: string, right: string): Promise<number> {
  const [a = [], b = []] = orThrow(await embedder.embed([left, right]))
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0)
}

describe('hashingEmbedder', () => {
  it('The hashing embedder returns one vector of norm 1 per text, in order', async () => {
    const texts = ['Watercolour painting', 'Linear algebra', 'x']
    const vectors = orThrow(await embedder.embed(texts))
    expect(vectors.map((vector) => vector.length)).toEqual([1536, 1536, 1536])
    for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 9)
    const [alone] = orThrow(await embedder.embed(['Linear algebra']))
    expect(vectors[1]).toEqual(alone)
  })

  it('The hashing embedder gives a text the same vector on every machine and in every release', async () => {
    const [vector = []] = orThrow(
      await hashingEmbedder({ dimensions: 8 }).embed(['Linear algebra']),
    )
    const expected = [-0.433289, 0, 0.433289, 0.247594, 0.433289, -0.433289, -0.433289, 0]
    for (const [index, value] of expected.entries()) expect(vector[index]).toBeCloseTo(value, 5)
  })

  const closerTexts = [
    [
      'machine learning fundamentals',
      'Fundamentals of Machine Learning for Beginners',
      'Italian Cooking: Pasta and Risotto',
    ],
    ['learn to paint', 'Painting for learners', 'Docker and Kubernetes in Production'],
    ['database indexes', 'Indexing Databases', 'Data-driven Marketing'],
    ['intro to javascript', 'JavaScript: An Introduction', 'Introduction to Pottery'],
    ['photograhy', 'Photography for Travellers', 'Accounting for Travellers'],
    ['café management', 'Managing a Cafe', 'Managing Wild Horses'],
    ['C++ templates', 'Templates in C++', 'E-mail Templates in C'],
  ] as const
  it.each(closerTexts)(
    'The hashing embedder holds %j closer to %j than to %j',
    async (query, related, unrelated) => {
      const near = await similarity(query, related)
      const far = await similarity(query, unrelated)
      expect(near).toBeGreaterThan(far + 0.15)
    },
  )

  it('The hashing embedder scores unrelated texts near zero and equal texts 1', async () => {
    expect(
      Math.abs(
        await similarity('machine learning fundamentals', 'Italian Cooking: Pasta and Risotto'),
      ),
    ).toBeLessThan(0.1)
    expect(await similarity('Machine Learning', 'Machine Learning')).toBeCloseTo(1, 9)
  })

  it('A text that repeats a word stays close to the text that says it once', async () => {
    expect(await similarity('python web', `${'python '.repeat(9)}web`)).toBeGreaterThan(0.8)
  })

  it('The hashing embedder ignores letter case, accents, punctuation and compatibility forms', async () => {
    expect(await similarity('CAFÉ, Müller & ﬁnance', 'cafe muller finance')).toBeCloseTo(1, 9)
  })

  // The features of 'ab cd yoga' cancel out in one dimension.
  it.each(['ab cd yoga', '!!!', ' ', 'the', '機械学習の基礎', '🎨', 'हिन्दी'])(
    'The hashing embedder gives %j a direction',
    async (text) => {
      for (const dimensions of [1, 2, 1536]) {
        const [vector = []] = orThrow(await hashingEmbedder({ dimensions }).embed([text]))
        expect(Math.hypot(...vector)).toBeCloseTo(1, 9)
      }
    },
  )

  it('The hashing embedder refuses an empty text by name and embeds none of the others', async () => {
    const result = await embedder.embed(['fine', ''])
    expect(result._unsafeUnwrapErr()).toMatchObject({
      type: 'invalid-input',
      field: 'texts[1]',
      retryable: false,
    })
  })

  it('The hashing embedder returns no vectors for no texts', async () => {
    expect(orThrow(await embedder.embed([]))).toEqual([])
  })

  it.each([0, -1, 1.5, Number.NaN])('The hashing embedder refuses %d dimensions', (dimensions) => {
    expect(() => hashingEmbedder({ dimensions })).toThrow(`got ${dimensions}`)
  })
})
