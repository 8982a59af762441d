import { beforeAll, describe, expect, it } from 'vitest'
import { answersOf } from '../evaluations/search/answers.ts'
import type { Answers, Way } from '../evaluations/search/answers.ts'
import { embedders } from '../evaluations/search/embedders.ts'
import type { EmbedderName } from '../evaluations/search/embedders.ts'
import { figuresOf } from '../evaluations/search/figures.ts'
import type { Answer, Figures } from '../evaluations/search/figures.ts'
import { readCollections } from '../evaluations/search/collections.ts'
import { queryClasses, readLabelledQueries } from '../evaluations/search/labelled-queries.ts'

const wanting = (wanted: Record<string, number>, ...found: string[]): Answer => ({
  labelled: {
    collection: 'sample',
    class: 'typo',
    half: 'tuning',
    query: 'x',
    wanted: new Map(Object.entries(wanted)),
  },
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

const kinds = ['hashing', 'model', 'words', 'narrow'] as const
/** Meanings help more than spellings do. */
const gains = [
  ['model', 0.08],
  ['narrow', 0.08],
  ['words', 0.05],
  ['hashing', 0.02],
] as const
/** Over the large catalogue, where a search takes longer: a meaning and spellings. */
const largeKinds = ['hashing', 'model'] as const

const smallClasses = [...queryClasses.sample, ...queryClasses.further]

describe('over the held-out half of the labelled queries', () => {
  const heldOut = new Map<EmbedderName, Answers>()
  beforeAll(async () => {
    const collections = await readCollections()
    const queries = await readLabelledQueries(collections)
    const made = await Promise.all(kinds.map((kind) => embedders[kind]()))
    const inLarge = new Set(largeKinds.map((kind) => made[kinds.indexOf(kind)]))
    const answers = await answersOf(
      queries.filter(({ half }) => half === 'heldOut'),
      {
        collections,
        embedders: made,
        isAsked: ({ collection }, embedder) => collection !== 'large' || inLarge.has(embedder),
        isAskedInLegs: ({ collection }, embedder) =>
          collection !== 'large' || embedder === made[kinds.indexOf('hashing')],
      },
      () => undefined,
    )
    for (const [index, kind] of kinds.entries()) heldOut.set(kind, answers[index]!)
  }, 1_800_000)

  const figures = (
    kind: EmbedderName,
    way: Way,
    { name, isLarge = false }: { name?: string; isLarge?: boolean } = {},
  ): Figures =>
    figuresOf(
      heldOut
        .get(kind)!
        [way].filter(
          ({ labelled }) =>
            (labelled.collection === 'large') === isLarge &&
            (name === undefined || labelled.class === name),
        ),
    )

  it.each(kinds)('Both legs together find at least as well as either leg alone: %s', (kind) => {
    const { ndcg10, recall10 } = figures(kind, 'hybrid')
    for (const leg of ['lexical', 'dense'] as const) {
      expect(ndcg10).toBeGreaterThanOrEqual(figures(kind, leg).ndcg10)
      expect(recall10).toBeGreaterThanOrEqual(figures(kind, leg).recall10)
    }
  })

  it.each(smallClasses)(
    'No leg alone beats both by more than 0.03 on queries of class %s',
    (name) => {
      for (const leg of ['lexical', 'dense'] as const)
        expect(figures('hashing', 'hybrid', { name: name }).ndcg10).toBeGreaterThan(
          figures('hashing', leg, { name: name }).ndcg10 - 0.03,
        )
    },
  )

  it.each(kinds.flatMap((kind) => smallClasses.map((name) => [kind, name] as const)))(
    'With an embedder of which nothing is known (%s), words alone are not better on queries of class %s',
    (kind, name) => {
      expect(figures(kind, 'hybrid', { name: name }).ndcg10).toBeGreaterThanOrEqual(
        figures(kind, 'lexical', { name: name }).ndcg10 - 0.01,
      )
    },
  )

  it.each(gains)('With such an embedder (%s) paraphrases gain %d on words', (kind, gain) => {
    expect(figures(kind, 'hybrid', { name: 'paraphrase' }).ndcg10).toBeGreaterThan(
      figures(kind, 'lexical', { name: 'paraphrase' }).ndcg10 + gain,
    )
  })

  it.each(kinds)('With such an embedder (%s) nonsense finds nothing', (kind) => {
    expect(figures(kind, 'hybrid', { name: 'nonsense' }).zeroRate).toBe(1)
  })

  it.each(queryClasses.further)('Words alone score at least 0.9 on queries of class %s', (name) => {
    expect(figures('hashing', 'lexical', { name: name }).ndcg10).toBeGreaterThanOrEqual(0.9)
  })

  const ofLarge = (name?: string) => ({ isLarge: true, ...(name === undefined ? {} : { name }) })
  const large = (kind: EmbedderName, name?: string): Figures =>
    figures(kind, 'hybrid', ofLarge(name))
  const wordsInLarge = (name?: string): Figures => figures('hashing', 'lexical', ofLarge(name))

  it('Over a thousand courses a sentence model adds 0.03 to words', () => {
    expect(large('model').ndcg10).toBeGreaterThan(wordsInLarge().ndcg10 + 0.03)
  })

  it.each(['paraphrase', 'plain question'])(
    'Over a thousand courses a sentence model adds 0.1 on queries of class %s',
    (name) => {
      expect(large('model', name).ndcg10).toBeGreaterThan(wordsInLarge(name).ndcg10 + 0.1)
    },
  )

  it.each(queryClasses.large)(
    'Over a thousand courses words alone are not better than with a sentence model on queries of class %s',
    (name) => {
      expect(large('model', name).ndcg10).toBeGreaterThanOrEqual(wordsInLarge(name).ndcg10 - 0.01)
    },
  )

  it.each(largeKinds)('Over a thousand courses words alone are not better: %s', (kind) => {
    expect(large(kind).ndcg10).toBeGreaterThanOrEqual(wordsInLarge().ndcg10)
  })

  it('The same courses in reverse order score less', () => {
    const backwards = heldOut.get('hashing')!.hybrid.map(({ labelled, found }) => ({
      labelled,
      found: found.toReversed(),
    }))
    expect(figuresOf(backwards).ndcg10).toBeLessThan(figures('hashing', 'hybrid').ndcg10 - 0.3)
  })
})
