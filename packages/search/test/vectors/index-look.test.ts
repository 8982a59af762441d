import { errAsync, okAsync, systemClock, type Clock, type StoreError } from '@headwater/core'
import { expect, it } from 'vitest'
import { IndexLook } from '../../src/vectors/index-look.ts'
import { mismatchOf, type IndexShape } from '../../src/vectors/index-mismatch.ts'

/** A look at an index whose shape and time a test sets. */
function lookAt(found: IndexShape) {
  const state = { found, looks: 0, nowMs: 0 }
  const clock: Clock = { ...systemClock, monotonic: () => state.nowMs }
  const look = new IndexLook({
    store: 'pinecone',
    index: 'courses',
    needed: { dimensions: 8, metric: 'cosine', kind: 'dense' },
    look: () => {
      state.looks += 1
      return okAsync(state.found)
    },
    clock,
  })
  return { state, look }
}

it('A metric that changes under a running process is noticed within a minute', async () => {
  const { state, look } = lookAt({ dimensions: 8, metric: 'cosine' })
  expect((await look.before(() => okAsync('stored'))).isOk()).toBe(true)
  state.found = { dimensions: 8, metric: 'dotproduct' }
  state.nowMs = 59_000
  expect((await look.before(() => okAsync('stored'))).isOk()).toBe(true)
  state.nowMs = 60_000
  const refused = await look.beside(() => okAsync('found'))
  expect(refused.isErr() && refused.error).toMatchObject({ property: 'metric' })
  expect(state.looks).toBe(2)
})

it('A refusal of another cause stays what it was', async () => {
  const { look } = lookAt({ dimensions: 8 })
  const refusal: StoreError = {
    type: 'store-refused',
    store: 'pinecone',
    operation: 'upsert',
    message: 'no',
    retryable: false,
  }
  const refused = await look.before(() => errAsync(refusal))
  expect(refused.isErr() && refused.error).toBe(refusal)
})

it('An index of sparse vectors is another kind, and what an index does not say is no difference', () => {
  const courses = { store: 'pinecone', index: 'courses' } as const
  const needed = { dimensions: 8, metric: 'cosine', kind: 'dense' }
  expect(mismatchOf(courses, needed, { kind: 'sparse', metric: 'dotproduct' })).toMatchObject({
    property: 'kind',
    message:
      'the index courses is for sparse vectors instead of dense: use an index made with dense',
  })
  expect(mismatchOf(courses, needed, {})).toBeUndefined()
})
