import { orThrow } from '@headwater/core'
import { highlightHtml } from '@headwater/search'
import type { HitHighlights, TextRange } from '@headwater/search'
import type { Course } from '@headwater/repositories'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSearchFixture } from '../../search-fixture.ts'
import type { SearchFixture } from '../../search-fixture.ts'

let app: SearchFixture
beforeAll(async () => {
  app = await openSearchFixture()
  const texts = [
    ['Running for Beginners', 'You run, she runs, they were running. The runtime is no run.'],
    ['Crème Brûlée', 'Crème '.normalize('NFD') + 'fraîche and a 𝒜 creme.'],
    ['Node.js Streams', 'Streaming with Node and nodejs; js only.'],
    ['Guitar Scales', 'Blues scales on the guitar. Scales of blues.'],
    ['Escaping <script>alert(1)</script>', 'Escaping &lt; and \ue000escaping\ue001 & <b>more</b>.'],
    ['机器学习入门', '学习机器'],
    ['Introduction to Tools', 'Tools to work together. An introduction to them.'],
    ['Bees', `${'Honey. '.repeat(1_143)}Bees`],
    ['The Who: a Rock History', 'The rock of the ages. '.repeat(40) + 'History and rock.'],
  ] as const
  for (const [title, description] of texts) await app.publish({ title, description })
})
afterAll(() => app.dispose())

async function marked(
  query: string,
  search = app.search,
): Promise<{ course: Course; highlights: HitHighlights }> {
  const [hit] = orThrow(await search.search(query, { highlights: true })).hits
  if (hit?.highlights === undefined) throw new Error('nothing is highlighted')
  return { course: hit.course, highlights: hit.highlights }
}

const parts = (text: string, ranges: readonly TextRange[]): string[] =>
  ranges.map(({ start, end }) => text.slice(start, end))

const cases = [
  ['run', ['Running'], ['run', 'runs', 'running', 'runtime', 'run']],
  ['runs "for beginners"', ['Running', 'for Beginners'], ['run', 'runs', 'running', 'run']],
  ['creme', ['Crème'], ['Crème'.normalize('NFD'), 'creme']],
  ['node.js', ['Node', 'js'], ['Node', 'nodejs', 'js']],
  ['"blues scales"', [], ['Blues scales']],
  ['guitar -lessons', ['Guitar'], ['guitar']],
  ['gitar scales', ['Guitar', 'Scales'], ['scales', 'guitar', 'Scales']],
  ['escap', ['Escaping'], ['Escaping', 'escaping']],
  ['学习', ['学习'], ['学习']],
  ['introduction to', ['Introduction', 'to', 'Tools'], ['introduction']],
] as const

describe('highlights', () => {
  it.each(cases)('The query %s is marked in the title as %j, and as %j below', async (...given) => {
    const [query, title, description] = given
    const { course, highlights } = await marked(query)
    expect(parts(course.title, highlights.title)).toEqual(title)
    expect(parts(course.description ?? '', highlights.description)).toEqual(description)
  })

  it('Common words are marked in titles only', async () => {
    const { course, highlights } = await marked('the who')
    expect(parts(course.title, highlights.title)).toEqual(['The', 'Who'])
    expect(highlights.description).toEqual([])
    expect(highlights.excerpt).toBeNull()
  })

  it('The excerpt is the part with most of the words, and short', async () => {
    const { course, highlights } = await marked('rock history')
    const { excerpt } = highlights
    expect(parts(excerpt?.text ?? '', excerpt?.ranges ?? [])).toContain('History')
    expect(excerpt?.text.length).toBeLessThanOrEqual(200)
    expect(course.description?.startsWith(excerpt?.text ?? '-', excerpt?.start)).toBe(true)
  })

  const synonyms = { strumming: ['guitar', 'blues scales'], ai: { finds: ['机器学习'] } } as const
  const bySynonym = [
    ['strumming', ['Guitar'], ['Blues scales', 'guitar']],
    ['ai', ['机器学习'], []],
  ] as const
  it.each(bySynonym)(
    'Synonyms of %s are marked in the title as %j, and as %j below',
    async (...given) => {
      const [query, title, description] = given
      const { course, highlights } = await marked(query, app.openAnother({ synonyms }))
      expect(parts(course.title, highlights.title)).toEqual(title)
      expect(parts(course.description ?? '', highlights.description)).toEqual(description)
    },
  )

  it('The first 8,000 characters of a description are marked', async () => {
    const { course, highlights } = await marked('bees honey')
    expect(course.description?.length).toBe(8_005)
    const words = parts(course.description ?? '', highlights.description)
    expect([new Set(words), words.length]).toEqual([new Set(['Honey']), 1_143])
  })

  it('Markup in a title is shown as text', async () => {
    const { course, highlights } = await marked('script')
    expect(highlightHtml(course.title, highlights.title)).toBe(
      'Escaping &lt;<mark>script</mark>&gt;alert(1)&lt;/<mark>script</mark>&gt;',
    )
  })

  it('Hits are marked on request only, and only `true` and `false` request it', async () => {
    expect('highlights' in ((await app.find('rock')).hits[0] ?? {})).toBe(false)
    const asked = await app.search.search('rock', { highlights: 1 as never })
    expect(asked._unsafeUnwrapErr()).toMatchObject({ type: 'invalid-input' })
  })
})
