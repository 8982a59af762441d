import { errAsync, okAsync } from '@headwater/core'
import type { EmbedError, Embedder } from '@headwater/search'
import { embedEach } from '@headwater/search'
import { describe, expect, it } from 'vitest'

const refused: EmbedError = {
  type: 'store-refused',
  message: 'refused',
  retryable: false,
  store: 'openai',
  operation: 'embed',
  code: '400',
}
const away: EmbedError = {
  type: 'store-unavailable',
  message: 'away',
  retryable: true,
  store: 'openai',
  operation: 'embed',
}

/** A service that takes two texts to a request, and what it was asked. */
function service(failureOf: (texts: readonly string[]) => EmbedError | undefined) {
  const asked: string[] = []
  const embedder: Embedder = {
    profile: { model: 'lengths', dimensions: 1 },
    batchSizes: (texts) =>
      Array.from({ length: Math.ceil(texts.length / 2) }, (_, place) =>
        Math.min(2, texts.length - 2 * place),
      ),
    embed: (texts) => {
      asked.push(texts.join(' '))
      const failure = failureOf(texts)
      return failure === undefined ? okAsync(texts.map((text) => [text.length])) : errAsync(failure)
    },
  }
  return { embedder, asked }
}

describe('texts that are embedded each for itself', () => {
  it('Texts embedded each on its own get their own vectors, in as few requests as the limits allow', async () => {
    const { embedder, asked } = service(() => undefined)
    expect(await embedEach(embedder, ['a', 'bb', 'ccc', 'dddd', 'eeeee'])).toEqual(
      [1, 2, 3, 4, 5].map((length) => ({ vector: [length] })),
    )
    expect(asked).toEqual(['a bb', 'ccc dddd', 'eeeee'])
    expect(await embedEach(embedder, [])).toEqual([])
    expect(asked).toHaveLength(3)
  })

  it('Texts keep their vectors when another request fails', async () => {
    const { embedder, asked } = service((texts) => (texts.includes('ccc') ? away : undefined))
    expect(await embedEach(embedder, ['a', 'bb', 'ccc', 'dddd', 'eeeee'])).toEqual([
      { vector: [1] },
      { vector: [2] },
      { failure: away },
      { failure: away },
      { vector: [5] },
    ])
    expect(asked).toHaveLength(3)
  })

  it('Texts keep their vectors when half of a request is refused, and none is paid for twice', async () => {
    const { embedder, asked } = service((texts) => (texts.includes('ccc') ? refused : undefined))
    expect(await embedEach(embedder, ['a', 'bb', 'ccc', 'dddd'])).toEqual([
      { vector: [1] },
      { vector: [2] },
      { failure: refused },
      { vector: [4] },
    ])
    expect([...asked].sort()).toEqual(['a bb', 'ccc', 'ccc dddd', 'dddd'])
  })

  const faultsOfService = ['401', '404', 'insufficient_quota', 'no-vectors', 'error-in-answer']
  it.each(faultsOfService)(
    'A request is not halved when the service is at fault (%s)',
    async (code) => {
      const { embedder, asked } = service(() => ({ ...refused, code }))
      expect(
        (await embedEach(embedder, ['a', 'bb', 'ccc'])).every((text) => 'failure' in text),
      ).toBe(true)
      expect(asked).toHaveLength(2)
    },
  )
})
