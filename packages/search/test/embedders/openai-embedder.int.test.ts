import { Diagnostics, orThrow } from '@headwater/core'
import { embedEach, openaiEmbedder } from '@headwater/search'
import type { OpenaiEmbedderOptions } from '@headwater/search'
import { eventually, startOpenaiStandIn } from '@headwater/testing'
import type { OpenaiStandIn } from '@headwater/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

describe('the embedder of OpenAI', () => {
  let openai: OpenaiStandIn
  beforeAll(async () => {
    openai = await startOpenaiStandIn()
  })
  afterEach(() => {
    openai.faults.restore()
    openai.answerDimensions(undefined)
  })
  afterAll(() => openai.stop())

  const open = (options: Partial<OpenaiEmbedderOptions> = {}) =>
    openaiEmbedder({ apiKey: openai.apiKey, baseURL: openai.url, dimensions: 64, ...options })
  const requestsOf = async (work: () => unknown): Promise<number> => {
    const before = openai.requestCount()
    await work()
    return openai.requestCount() - before
  }

  it.each(['base64', 'float'] as const)(
    'The OpenAI embedder returns one unit vector per text, in order, over %s',
    async (encodingFormat) => {
      const [algebra, baking, again] = orThrow(
        await open({ encodingFormat }).embed(['algebra', 'baking', 'algebra']),
      )
      expect(again).toEqual(algebra)
      expect(baking).not.toEqual(algebra)
      for (const vector of [algebra, baking]) {
        expect(vector).toHaveLength(64)
        expect(Math.hypot(...(vector ?? []))).toBeCloseTo(1, 4)
      }
    },
  )

  it('The OpenAI embedder sends nothing when there are no texts or one is empty', async () => {
    const embedder = open()
    expect(
      await requestsOf(async () => {
        expect(orThrow(await embedder.embed([]))).toEqual([])
        const refused = await embedder.embed(['a', ''])
        expect(refused.isErr() && refused.error).toMatchObject({
          type: 'invalid-input',
          field: 'texts[1]',
        })
      }),
    ).toBe(0)
  })

  it('The OpenAI embedder batches by count, by tokens and by bytes', async () => {
    const words = Array.from({ length: 10 }, (_, number) => `w${number}`.padEnd(30, 'x'))
    expect(await requestsOf(() => open().embed(words))).toBe(1)
    expect(await requestsOf(() => open({ batch: { maxTexts: 3 } }).embed(words))).toBe(4)
    expect(await requestsOf(() => open({ batch: { maxTokens: 50 } }).embed(words))).toBe(2)
    expect(await requestsOf(() => open({ batch: { maxBytes: 60 } }).embed(words))).toBe(5)
  })

  it('The OpenAI embedder halves a batch with more tokens than estimated', async () => {
    const long = 'learning '.repeat(3_400)
    const vectors = orThrow(
      await open({ batch: { maxTokens: 10_000_000 } }).embed(
        Array.from({ length: 50 }, () => long),
      ),
    )
    expect(vectors).toHaveLength(50)
  })

  it('The OpenAI embedder takes more texts than one request may carry, in as few requests as possible', async () => {
    const texts = Array.from({ length: 300 }, (_, number) => `${number} ${'learning '.repeat(450)}`)
    expect(texts.join('').length / 4).toBeGreaterThan(300_000)
    expect(
      await requestsOf(async () => {
        expect(orThrow(await open().embed(texts))).toHaveLength(300)
      }),
    ).toBe(2)
  })

  it('One text that is too long leaves the others their vectors, and each is paid for once', async () => {
    const texts = Array.from({ length: 12 }, (_, number) =>
      number === 6 ? 'learning '.repeat(4_500) : `lesson ${number}`,
    )
    const before = openai.inputCount()
    const embedded = await embedEach(open({ batch: { maxTexts: 4 } }), texts)
    expect(
      embedded.flatMap((text, place) => ('failure' in text ? [[place, text.failure.type]] : [])),
    ).toEqual([[6, 'store-refused']])
    expect(openai.inputCount() - before).toBe(11)
  })

  it('waits as long as a Retry-After says, and no longer', async () => {
    openai.faults.failNext({ status: 429, retryAfterSeconds: 1 })
    const startedMs = performance.now()
    expect(
      await requestsOf(async () => {
        orThrow(await open().embed(['algebra']))
      }),
    ).toBe(2)
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(990)
    expect(performance.now() - startedMs).toBeLessThan(20_000)
  })

  it('The OpenAI embedder retries a transient refusal, honours Retry-After and gives up at the deadline', async () => {
    openai.faults.failNext({ status: 503 })
    openai.faults.failNext({ status: 429, retryAfterSeconds: 0 })
    expect((await open().embed(['algebra'])).isOk()).toBe(true)
    openai.faults.failNext({ status: 429, retryAfterSeconds: 60 })
    const startedMs = performance.now()
    const late = await open().embed(['algebra'], { deadlineMs: 10_000 })
    expect(late.isErr() && late.error).toMatchObject({
      type: 'store-unavailable',
      store: 'openai',
      retryable: true,
    })
    expect(performance.now() - startedMs).toBeLessThan(30_000)
  })

  it('The OpenAI embedder does not retry a permanent refusal, and its error holds nothing of the request', async () => {
    openai.faults.failNext({ status: 400 })
    expect(
      await requestsOf(async () => {
        const refused = await open().embed(['a secret'])
        expect(refused.isErr() && refused.error).toMatchObject({
          type: 'store-refused',
          code: '400',
          retryable: false,
        })
        expect(JSON.stringify(refused.isErr() && refused.error.message)).not.toContain('secret')
      }),
    ).toBe(1)
    const wrongKey = await open({ apiKey: 'sk-wrong' }).embed(['algebra'])
    expect(wrongKey.isErr() && wrongKey.error).toMatchObject({ type: 'store-refused', code: '401' })
  })

  it('A hung call of the OpenAI embedder ends at one deadline, however many batches it has', async () => {
    openai.faults.hang()
    const startedMs = performance.now()
    const hung = await open({ batch: { maxTexts: 1 }, concurrency: 1 }).embed(
      ['a', 'b', 'c', 'd'],
      { deadlineMs: 300 },
    )
    expect(hung.isErr() && hung.error.type).toBe('deadline-exceeded')
    expect(performance.now() - startedMs).toBeLessThan(20_000)
  })

  it('The OpenAI embedder refuses vectors of the wrong length', async () => {
    openai.answerDimensions(16)
    const misfit = await open().embed(['algebra'])
    expect(misfit.isErr() && misfit.error).toMatchObject({
      type: 'dimension-mismatch',
      expected: 64,
      received: 16,
    })
  })

  it('The OpenAI embedder stops calling a service that keeps failing, and reports it', async () => {
    const diagnostics = new Diagnostics()
    const states: string[] = []
    diagnostics.on('breaker:transition', ({ state }) => states.push(state))
    openai.faults.cut()
    const embedder = open({ diagnostics })
    for (let call = 0; call < 5; call += 1)
      expect((await embedder.embed(['algebra'], { deadlineMs: 10_000 })).isErr()).toBe(true)
    expect(states[0]).toBe('open')
    // It tries one call from time to time, at ever longer intervals.
    await eventually(async () => {
      expect(await requestsOf(() => embedder.embed(['algebra']))).toBe(0)
    })
  })

  const badOptions = [
    { apiKey: '' },
    { dimensions: 0 },
    { baseURL: 'nowhere' },
    { deadlineMs: Number.NaN },
    { batch: { maxTexts: 0 } },
  ] as const
  it.each(badOptions)('The OpenAI embedder refuses the options %j', (options) => {
    expect(() => open(options)).toThrow(TypeError)
  })
})
