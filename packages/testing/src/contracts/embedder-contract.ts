import { orThrow } from '@headwater/core'
import type { Embedder } from '@headwater/search'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** An embedder under test, with how it ends. */
export interface EmbedderUnderTest {
  /** The embedder. */
  readonly embedder: Embedder
  /** Frees the embedder's resources. */
  readonly dispose: () => Promise<void>
}

/** The texts that the suite embeds, which an embedder of recorded vectors must have recorded. */
export const embedderTexts = [
  'linear algebra and matrices',
  'matrices and linear algebra for beginners',
  'baking sourdough bread',
  'Ölmalerei für Anfänger 🎨',
  'x',
  'learning '.repeat(500),
  ...Array.from({ length: 40 }, (_, number) => `lesson number ${number}`),
]

/**
 * Defines the tests that every `Embedder` must pass. Call it in a Vitest test file; it calls
 * `create` once.
 */
export function embedderContract(name: string, create: () => Promise<EmbedderUnderTest>): void {
  describe(`${name} as an embedder`, () => {
    let subject: EmbedderUnderTest
    beforeAll(async () => {
      subject = await create()
    })
    afterAll(() => subject.dispose())
    const embed = async (...texts: string[]): Promise<readonly number[][]> =>
      orThrow(await subject.embedder.embed(texts))

    it("An embedder returns one unit vector per text, in order and with its profile's dimensions", async () => {
      const vectors = await embed(...embedderTexts)
      expect(vectors).toHaveLength(embedderTexts.length)
      for (const vector of vectors) {
        expect(vector).toHaveLength(subject.embedder.profile.dimensions)
        expect(Math.hypot(...vector)).toBeCloseTo(1, 4)
      }
      const [, second = ''] = embedderTexts
      expect((await embed(second))[0]?.map(Math.fround)).toEqual(vectors[1]?.map(Math.fround))
    })

    it('An embedder returns equal vectors for equal texts, in one call and in two', async () => {
      const [text = '', other = ''] = embedderTexts
      const [first, , again] = await embed(text, other, text)
      expect(again).toEqual(first)
      expect((await embed(text))[0]).toEqual(first)
    })

    it('An embedder puts texts of the same meaning nearer to one another than others', async () => {
      const [algebra = [], matrices = [], bread = []] = await embed(...embedderTexts.slice(0, 3))
      expect(dot(algebra, matrices)).toBeGreaterThan(dot(algebra, bread))
    })

    it('An embedder returns no vectors for no texts', async () => {
      expect(await embed()).toEqual([])
    })

    it('An embedder refuses a batch with an empty text and names the text', async () => {
      const refused = await subject.embedder.embed([embedderTexts[0] ?? '', ''])
      expect(refused.isErr() && refused.error).toMatchObject({
        type: 'invalid-input',
        field: 'texts[1]',
        retryable: false,
      })
    })

    it('An embedder reports how many texts each request would carry, in order', () => {
      const sizes = subject.embedder.batchSizes?.(embedderTexts) ?? [embedderTexts.length]
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(embedderTexts.length)
      expect(Math.min(...sizes)).toBeGreaterThanOrEqual(1)
    })
  })
}

function dot(left: readonly number[], right: readonly number[]): number {
  return left.reduce((sum, value, place) => sum + value * (right[place] ?? 0), 0)
}
