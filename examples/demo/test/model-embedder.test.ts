import { orThrow } from '@headwater/core'
import { afterAll, expect, it } from 'vitest'
import { openModelEmbedder } from '../src/model/model-embedder.ts'

const model = openModelEmbedder()
afterAll(() => model.close())

it('A question is nearer to what it means than to what shares words with it', async () => {
  const [question = [], meant = [], alike = []] = orThrow(
    await model.embedder.embed([
      'I lie awake every night',
      'Sleep better without pills',
      'Lie detection for every court',
    ]),
  )
  const similarity = (other: readonly number[]): number =>
    question.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0)
  expect(similarity(meant)).toBeGreaterThan(similarity(alike))
  expect(Math.hypot(...question)).toBeCloseTo(1, 5)
  expect(question).toHaveLength(model.embedder.profile.dimensions)
})

it('More texts than are embedded at once come back in their order', async () => {
  const texts = Array.from({ length: 40 }, (_, place) => `course number ${place}`)
  const vectors = orThrow(await model.embedder.embed(texts))
  const [last] = orThrow(await model.embedder.embed(texts.slice(-1)))
  expect(vectors).toHaveLength(40)
  expect(vectors[39]?.[7]).toBeCloseTo(last?.[7] ?? 1, 5)
})

it('An empty text is refused by name', async () => {
  const refused = await model.embedder.embed(['a course', ''])
  expect(refused._unsafeUnwrapErr()).toMatchObject({ type: 'invalid-input' })
})

it('Texts whose thread has ended are an outage', async () => {
  const ended = openModelEmbedder()
  const waiting = ended.embedder.embed(['a course'])
  await ended.close()
  const late = ended.embedder.embed(['a course'])
  for (const failed of [await waiting, await late])
    expect(failed._unsafeUnwrapErr().type).toBe('store-unavailable')
})
