import type { Explored } from './setting.ts'

/** What is explored with outages of Redis, and the flaws that the exploration must find there. */
export const outages = {
  'an outage after which Redis returns as it was, empty or from a snapshot': {
    setting: {
      writers: ['entry'],
      readers: 2,
      readsPerReader: 1,
      troubles: { outages: 1 },
      returns: ['intact', 'empty', 'snapshot'],
    },
    flaws: [
      'no-gate',
      'gate-looks-at-committed-events-only',
      'no-run-id',
      'gate-ignores-transactions-under-way',
    ],
  },
  'such an outage and readers of one process that share loads': {
    setting: {
      writers: ['entry'],
      readers: 2,
      readsPerReader: 1,
      sameProcess: true,
      troubles: { outages: 1 },
      returns: ['intact', 'empty', 'snapshot'],
    },
    flaws: ['followers-trust-another-server'],
  },
  'such an outage and a tag': {
    setting: {
      writers: ['tag'],
      readers: 1,
      readsPerReader: 2,
      tagged: true,
      troubles: { outages: 1 },
      returns: ['intact', 'empty', 'snapshot'],
    },
    flaws: ['no-gate', 'no-run-id'],
  },
  'a transaction that gets its id late, and such an outage': {
    setting: {
      writers: ['entry'],
      readers: 2,
      readsPerReader: 1,
      idComesLate: true,
      troubles: { outages: 1 },
      returns: ['intact', 'empty', 'snapshot'],
    },
    flaws: ['holds-before-the-id', 'gate-ignores-transactions-under-way'],
  },
  'two outages in a row': {
    setting: {
      writers: ['entry'],
      readers: 2,
      readsPerReader: 1,
      troubles: { outages: 2 },
      returns: ['intact'],
    },
    flaws: ['gate-forgets-the-second-outage'],
  },
  'Redis out of reach for the writer only, once its intent was seen or settled': {
    setting: {
      writers: ['entry', 'entry'],
      readers: 1,
      readsPerReader: 2,
      isFirstWriterCutOff: true,
    },
    flaws: ['intent-settled-before-its-transaction-ended', 'intent-removed-before-its-keys'],
  },
  'a failover of Redis to a replica that lags, and the failback': {
    setting: {
      writers: ['entry'],
      readers: 1,
      readsPerReader: 2,
      troubles: { outages: 2 },
      returns: ['failover'],
    },
    flaws: ['run-id-without-its-term', 'no-run-id', 'no-gate'],
  },
} satisfies Explored
