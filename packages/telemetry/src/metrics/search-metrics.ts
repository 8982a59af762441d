import { systemClock } from '@headwater/core'
import type { Listen } from './listen.ts'
import type { Meter } from './metric.ts'
import { errorType, seconds, secondsBounds, word } from './metric.ts'

const legName = 'headwater.search.leg'

/** Searches, their legs, the embedder, and the index. */
export function observeSearch(listen: Listen, meter: Meter): void {
  const searches = meter.histogram({
    name: 'headwater.search.duration',
    unit: 's',
    description: 'Duration of searches that were answered.',
    attributes: ['headwater.search.mode', 'headwater.search.cached'],
    bounds: secondsBounds,
  })
  listen('search:answered', ({ mode, cached, durationMs }) => {
    searches(seconds(durationMs), word(mode), String(cached))
  })
  const legs = meter.histogram({
    name: 'headwater.search.leg.duration',
    unit: 's',
    description: 'Duration of the legs of searches that were not cached.',
    attributes: [legName, 'error.type'],
    bounds: secondsBounds,
  })
  listen('search:leg', ({ leg, durationMs, outcome }) => {
    legs(seconds(durationMs), leg, errorType(outcome))
  })
  const degraded = meter.counter({
    name: 'headwater.search.degraded',
    unit: '{search}',
    description: 'Failures of a leg, the reranker or highlights that a search did without.',
    attributes: [legName],
  })
  for (const leg of ['dense', 'lexical', 'rerank', 'highlights']) degraded(0, leg)
  listen('search:degraded', ({ leg }) => {
    degraded(1, word(leg))
  })
  observeEmbedding(listen, meter)
  observeDrift(listen, meter)
}

function observeEmbedding(listen: Listen, meter: Meter): void {
  const model = ['gen_ai.request.model']
  const tokens = meter.counter({
    name: 'headwater.embedding.tokens',
    unit: '{token}',
    description: 'Tokens of texts that were embedded, as the service counted them.',
    attributes: model,
  })
  const texts = meter.counter({
    name: 'headwater.embedding.texts',
    unit: '{text}',
    description: 'Texts that were embedded.',
    attributes: model,
  })
  listen('search:embedded', (event) => {
    tokens(event.tokens, event.model)
    texts(event.texts, event.model)
  })
}

function observeDrift(listen: Listen, meter: Meter): void {
  const drift = meter.gauge({
    name: 'headwater.search.index.drift',
    unit: '{course}',
    description: 'Courses whose record in the index was missing or wrong at the last verify.',
    attributes: ['headwater.search.generation', 'headwater.search.difference'],
  })
  // Another process, or a later generation, may know better: whoever reads takes the newest.
  const verified = meter.gauge({
    name: 'headwater.search.index.verified.time',
    unit: 's',
    description: 'When the index was last verified by this process, since the epoch.',
    attributes: ['headwater.search.generation'],
  })
  listen('search:verified', ({ generation, missing, orphaned, stale, wrongGeneration }) => {
    verified(seconds(systemClock.now()), generation)
    const counts = { missing, orphaned, stale, 'wrong-generation': wrongGeneration }
    for (const [kind, count] of Object.entries(counts)) drift(count, generation, kind)
  })
}
