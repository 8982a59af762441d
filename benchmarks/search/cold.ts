import { orThrow } from '@headwater/core'
import { createCourseSearch, type Embedder, type VectorIndex } from '@headwater/search'
import { median } from '../measure/alternate.ts'
import type { SearchFixture } from './search-fixture.ts'

const rounds = 120
const warmUps = 30
const words = [
  'linear',
  'guitar',
  'python',
  'tables',
  'breathing',
  'selling',
  'attack',
  'charts',
  'grammar',
  'containers',
]

/**
 * Milliseconds that a cold search takes beyond its slower leg: the median over new queries.
 */
export async function coldOverheadMs(fixture: SearchFixture): Promise<number> {
  const legs = new LegClock()
  const { stores, courses } = fixture
  const stop = stores.diagnostics.on('store:operation', ({ store, durationMs }) => {
    if (store === 'postgres') legs.lexicalMs += durationMs
  })
  const search = createCourseSearch(stores, {
    courses,
    embedder: legs.timing(fixture.embedder),
    index: legs.timingIndex(fixture.index),
  })
  const overheads: number[] = []
  for (let round = -warmUps; round < rounds; round += 1) {
    legs.reset()
    const startedAt = performance.now()
    const { isCached, mode } = orThrow(
      await search.search(
        `${words[(round + warmUps) % words.length] ?? ''} number ${round + warmUps}`,
      ),
    )
    const tookMs = performance.now() - startedAt
    if (isCached || mode !== 'hybrid')
      throw new Error('a search was not cold, or went without a leg: this is no measurement')
    if (round >= 0) overheads.push(tookMs - Math.max(legs.denseMs, legs.lexicalMs))
  }
  stop()
  return median(overheads)
}

/**
 * Time spent in the stores of each leg in one search: embedder and index in the dense leg,
 * statements in the lexical one.
 */
class LegClock {
  denseMs = 0
  lexicalMs = 0

  reset(): void {
    this.denseMs = 0
    this.lexicalMs = 0
  }

  timing(embedder: Embedder): Embedder {
    return {
      ...embedder,
      embed: (texts, options) => this.#timed(() => embedder.embed(texts, options)),
    }
  }

  timingIndex(index: VectorIndex): VectorIndex {
    return new Proxy(index, {
      get: (target, name) => {
        if (name === 'query')
          return (...args: Parameters<VectorIndex['query']>) =>
            this.#timed(() => target.query(...args))
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
  }

  #timed<Answer extends { then(done: () => void, failed: () => void): unknown }>(
    work: () => Answer,
  ): Answer {
    const startedAt = performance.now()
    const answer = work()
    const note = (): void => {
      this.denseMs += performance.now() - startedAt
    }
    void answer.then(note, note)
    return answer
  }
}
