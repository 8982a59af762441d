import type { Course } from '@headwater/repositories'
import { describe, expect, it } from 'vitest'
import type { RankedCourse } from '../../src/query/fusion/fuse.ts'
import { askReranker, reranked } from '../../src/query/rerank.ts'

const courses = [1, 2, 3].map((id) => ({ id }) as Course)
const ask = (answer: unknown) =>
  askReranker({ rank: async () => answer as RankedCourse[] }, { query: 'algebra', courses })

describe('a reranker', () => {
  it('A result follows the order of the reranker’s scores', async () => {
    expect(
      (
        await ask([
          { id: 3, score: 0.1 },
          { id: 1, score: 0.9 },
        ])
      ).map(({ id }) => id),
    ).toEqual([1, 3])
  })

  const badAnswers = [
    ['no list', { id: 1 }],
    ['a course that it was not asked for', [{ id: 4, score: 1 }]],
    [
      'a course twice',
      [
        { id: 1, score: 1 },
        { id: 1, score: 2 },
      ],
    ],
    ['a score that is none', [{ id: 1, score: Number.NaN }]],
    ['no course', [null]],
  ] as const
  it.each(badAnswers)('A reranker that answers %s is not believed', async (_, answer) => {
    await expect(ask(answer)).rejects.toThrow(TypeError)
  })

  it('A late reranker is aborted and not waited for', async () => {
    let isTold = false
    const asked = askReranker(
      {
        deadlineMs: 20,
        rank: (_, { signal }) =>
          new Promise(() => {
            signal.addEventListener('abort', () => {
              isTold = true
            })
          }),
      },
      { query: 'algebra', courses },
    )
    await expect(asked).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(isTold).toBe(true)
  })

  it('Courses that a reranker leaves out come last in their old order, and all keep their ranks', () => {
    const found = [1, 2, 3, 4].map((id) => ({
      id,
      score: 1 / id,
      legs: { dense: { rank: id, score: 0.5 } },
    }))
    const ordered = reranked(found, [
      { id: 3, score: 9 },
      { id: 1, score: 8 },
    ])
    expect(ordered.map(({ id }) => id)).toEqual([3, 1, 2, 4])
    expect(ordered[0]).toEqual({
      id: 3,
      score: 1 / 3,
      legs: { dense: { rank: 3, score: 0.5 }, rerank: { rank: 1, score: 9 } },
    })
  })
})
