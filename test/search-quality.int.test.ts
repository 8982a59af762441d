import { beforeAll, describe, expect, it } from 'vitest'
import { answersOf } from '../evaluations/search/answers.ts'
import type { Answers } from '../evaluations/search/answers.ts'
import { embedders } from '../evaluations/search/embedders.ts'
import { figuresOf } from '../evaluations/search/figures.ts'
import type { Answer, Figures } from '../evaluations/search/figures.ts'
import {
  furtherClasses,
  queryClasses,
  readFurtherCourses,
  readLabelledQueries,
} from '../evaluations/search/labelled-queries.ts'
import { readCatalogue } from '../examples/catalogue/src/index.ts'

const wanting = (wanted: Record<string, number>, ...found: string[]): Answer => ({
  labelled: { class: 'typo', half: 'tuning', query: 'x', wanted: new Map(Object.entries(wanted)) },
  found,
})

describe('the figures of a search', () => {
  const cases: [string, Answer, Figures][] = [
    [
      'the best first',
      wanting({ a: 2, b: 1 }, 'a', 'b', 'z'),
      { ndcg10: 1, recall10: 1, zeroRate: 0 },
    ],
    [
      'the best second',
      wanting({ a: 2, b: 1 }, 'b', 'a'),
      { ndcg10: (1 + 3 / Math.log2(3)) / (3 + 1 / Math.log2(3)), recall10: 1, zeroRate: 0 },
    ],
    [
      'only the eleventh',
      wanting({ a: 2 }, ...'bcdefghijk', 'a'),
      { ndcg10: 0, recall10: 0, zeroRate: 0 },
    ],
    [
      'nothing where something is wanted',
      wanting({ a: 2 }),
      { ndcg10: 0, recall10: 0, zeroRate: 1 },
    ],
    ['nothing where nothing is wanted', wanting({}), { ndcg10: 1, recall10: 1, zeroRate: 1 }],
    [
      'something where nothing is wanted',
      wanting({}, 'a'),
      { ndcg10: 0, recall10: 0, zeroRate: 0 },
    ],
  ]

  it.each(cases)(
    'The figures of an answer with %s follow their definitions',
    (_, answer, expected) => {
      const figures = figuresOf([answer])
      for (const name of ['ndcg10', 'recall10', 'zeroRate'] as const)
        expect(figures[name]).toBeCloseTo(expected[name], 4)
    },
  )
})

describe('over the held-out half of the labelled queries', () => {
  let heldOut: Answers
  beforeAll(async () => {
    const catalogue = await readCatalogue()
    const furtherCourses = await readFurtherCourses()
    const queries = await readLabelledQueries([...catalogue.courses, ...furtherCourses])
    heldOut = await answersOf(
      queries.filter(({ half }) => half === 'heldOut'),
      { catalogue, furtherCourses, embedder: await embedders.hashing() },
      () => undefined,
    )
  })

  const figures = (answers: readonly Answer[], name?: string): Figures =>
    figuresOf(answers.filter(({ labelled }) => name === undefined || labelled.class === name))

  it('Both legs together find at least as well as either leg alone', () => {
    const { ndcg10, recall10 } = figures(heldOut.hybrid)
    for (const leg of [heldOut.lexical, heldOut.dense]) {
      expect(ndcg10).toBeGreaterThanOrEqual(figures(leg).ndcg10)
      expect(recall10).toBeGreaterThanOrEqual(figures(leg).recall10)
    }
  })

  it.each(queryClasses)(
    'No leg alone beats both by more than 0.03 on queries of class %s',
    (name) => {
      for (const leg of [heldOut.lexical, heldOut.dense])
        expect(figures(heldOut.hybrid, name).ndcg10).toBeGreaterThan(
          figures(leg, name).ndcg10 - 0.03,
        )
    },
  )

  it.each(furtherClasses)('Words alone score at least 0.9 on queries of class %s', (name) => {
    expect(figures(heldOut.lexical, name).ndcg10).toBeGreaterThanOrEqual(0.9)
  })

  it('The same courses in reverse order score less', () => {
    const backwards = heldOut.hybrid.map(({ labelled, found }) => ({
      labelled,
      found: found.toReversed(),
    }))
    expect(figures(backwards).ndcg10).toBeLessThan(figures(heldOut.hybrid).ndcg10 - 0.3)
  })
})
