import { errAsync, invalidField, okAsync, orThrow, systemClock } from '@headwater/core'
import { inMemoryVectorIndex } from '@headwater/search'
import type { Embedder, VectorIndex } from '@headwater/search'
import { describe, expect, it } from 'vitest'
import { calibrate } from '../../src/indexing/calibration.ts'
import { courseTemplate } from '../../src/indexing/course-template.ts'
import type { Generation } from '../../src/indexing/generations.ts'
import { madeUpKinds, madeUpTexts } from '../../src/indexing/made-up-texts.ts'

/** The angle of the vectors of texts that mean nothing; courses lie elsewhere on the circle. */
const nothing = 0
const at = (angle: number): number[] => [Math.cos(angle), Math.sin(angle)]

function embedder(embed: Embedder['embed']): Embedder {
  return { profile: { model: 'circle', dimensions: 2 }, embed }
}
const blank = embedder((texts) => okAsync(texts.map(() => at(nothing))))

async function generation(
  angles: readonly number[],
  { embedder: asked = blank, name = 'own' } = {},
): Promise<Generation> {
  const index = inMemoryVectorIndex({ dimensions: 2 })
  orThrow(
    await index.upsert(
      angles.map((angle, place) => ({
        id: `course_${place + 1}`,
        values: at(angle),
        metadata: { generation: name },
      })),
    ),
  )
  return { name: 'own', embedder: asked, template: courseTemplate, index }
}

const measured = async (...asked: Parameters<typeof generation>) =>
  orThrow(await calibrate(await generation(...asked), { clock: systemClock }))

describe('measuring the similarities of a catalogue', () => {
  it('The floor is the highest similarity that texts without a meaning have to any course', async () => {
    const { typical, floor, courses } = await measured([0.5, 1, 1.2])
    expect(floor).toBeCloseTo(Math.cos(0.5), 5)
    expect(typical).toBeCloseTo(Math.cos(1), 5)
    expect(courses).toBe(3)
  })

  it('The floor is above texts whose kind is scattered, though each of them is less near', async () => {
    // Half of the texts are as near as 0.5, half as near as 0.3.
    const scattered = embedder((texts) =>
      okAsync(texts.map((_, place) => at(Math.acos(place % 2 === 0 ? 0.5 : 0.3)))),
    )
    const { floor } = await measured([0, -Math.PI / 2], { embedder: scattered })
    expect(floor).toBeGreaterThan(0.65)
    expect(floor).toBeLessThan(0.75)
  })

  it('The nearest course counts also where it is not among those that are read', async () => {
    // Listed by id as text, course_199 comes after the first hundred.
    const { floor } = await measured(
      Array.from({ length: 199 }, (_, place) => (place === 198 ? 0.2 : 1)),
    )
    expect(floor).toBeCloseTo(Math.cos(0.2), 5)
  })

  it('An empty index, and one with records of another generation only, are not measured', async () => {
    expect(await measured([])).toEqual({ typical: 1, floor: 1, courses: 0 })
    expect((await measured([1], { name: 'another' })).courses).toBe(0)
  })

  it('An embedder that refuses those texts is measured by its courses among themselves', async () => {
    const refusing = embedder(() =>
      errAsync(invalidField('texts[0]', 'must be a text whose vector was recorded')),
    )
    const { typical, floor } = await measured([0, 0.1, 1], { embedder: refusing })
    expect(floor).toBeCloseTo(Math.cos(0.1), 5)
    expect(typical).toBeCloseTo(Math.cos(0.9), 5)
    expect(await measured([0.3], { embedder: refusing })).toMatchObject({ typical: 1, floor: 1 })
  })

  const refusals: readonly { refuses: string; isRefused: (texts: readonly string[]) => boolean }[] =
    [
      { refuses: 'more than 32 texts', isRefused: (texts) => texts.length > 32 },
      { refuses: 'one of the texts', isRefused: (texts) => texts.includes(madeUpTexts[7] ?? '') },
    ]
  it.each(refusals)(
    'An embedder that refuses $refuses is measured by the texts that it takes',
    async ({ isRefused }) => {
      const limited = embedder((texts) =>
        isRefused(texts)
          ? errAsync(invalidField('texts', 'must be others'))
          : okAsync(texts.map(() => at(nothing))),
      )
      const { typical, floor } = await measured([0.5, 1, 1.2], { embedder: limited })
      expect(typical).toBeCloseTo(Math.cos(1), 5)
      expect(floor).toBeCloseTo(Math.cos(0.5), 5)
    },
  )

  it('With vectors that are all equal nothing is above the floor', async () => {
    const { floor } = await measured([nothing, nothing, nothing])
    expect(floor).toBeGreaterThan(1)
  })

  it('A text for which the model has no direction is similar to no course, and not searched for', async () => {
    const lost = await generation([0.5, 1], {
      embedder: embedder((texts) => okAsync(texts.map(() => [0, 0]))),
    })
    const index: VectorIndex = {
      ...lost.index,
      list: (options) => lost.index.list(options),
      fetch: (ids) => lost.index.fetch(ids),
      stats: () => lost.index.stats(),
      query: () => errAsync(invalidField('vector', 'must not be all zero')),
    }
    const { typical, floor } = orThrow(await calibrate({ ...lost, index }, { clock: systemClock }))
    expect(typical).toBe(0)
    expect(floor).toBeGreaterThan(0)
    expect(floor).toBeCloseTo(0, 5)
  })

  it('An outage of the embedder fails the measurement', async () => {
    const away = embedder(() =>
      errAsync({
        type: 'store-unavailable',
        message: 'away',
        retryable: true,
        store: 'openai',
        operation: 'embed',
      }),
    )
    const failed = await calibrate(await generation([1], { embedder: away }), {
      clock: systemClock,
    })
    expect(failed._unsafeUnwrapErr().type).toBe('store-unavailable')
  })

  it('Each kind of those texts counts, also where another model takes it for words', async () => {
    for (const kind of madeUpKinds) {
      // Of this kind some are much nearer than those of the others ever are.
      const known = embedder((texts) =>
        okAsync(texts.map((text, place) => at(kind.includes(text) && place % 3 === 0 ? 0.9 : 1.3))),
      )
      const { floor } = await measured([0, -Math.PI / 2], { embedder: known })
      expect(floor).toBeGreaterThan(Math.cos(0.9))
    }
  })

  it('The texts that mean nothing are 48 different ones', () => {
    expect(new Set(madeUpTexts).size).toBe(48)
    expect(madeUpTexts.filter((text) => !/^[a-z0-9]+( [a-z0-9]+)*$/u.test(text))).toEqual([])
  })
})
