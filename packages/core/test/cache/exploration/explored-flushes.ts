import type { Explored } from './setting.ts'

/**
 * What is explored with outages that a flush settles, and the flaws that the exploration must find
 * there.
 */
export const flushes = {
  'an outage after which Redis returns as it was, and intents that are settled by a flush': {
    setting: {
      writers: ['entry'],
      readers: 1,
      readsPerReader: 2,
      flushes: 1,
      troubles: { evictions: 1, outages: 1 },
      returns: ['intact'],
    },
    flaws: [
      'marker-read-before-the-intents',
      'marker-replaced-after-the-intents-are-removed',
      'evicted-marker-counts-as-the-first',
    ],
  },
  'an outage after which Redis returns empty or from a snapshot, and a flush': {
    setting: {
      writers: ['entry'],
      readers: 1,
      readsPerReader: 2,
      flushes: 1,
      troubles: { outages: 1 },
      returns: ['empty', 'snapshot'],
    },
    flaws: ['no-run-id'],
  },
  'Redis out of reach for the first of two writers, and a flush': {
    setting: {
      writers: ['entry', 'entry'],
      readers: 1,
      readsPerReader: 2,
      isFirstWriterCutOff: true,
      flushes: 1,
    },
    flaws: ['flush-of-an-open-transaction', 'flush-settles-what-ends-after-its-marker'],
  },
  'a tag, readers of one process, and a flush': {
    setting: {
      writers: ['tag'],
      readers: 2,
      readsPerReader: 1,
      tagged: true,
      sameProcess: true,
      isFirstWriterCutOff: true,
      flushes: 1,
    },
    flaws: ['flush-of-an-open-transaction', 'flush-settles-what-ends-after-its-marker'],
  },
} satisfies Explored
