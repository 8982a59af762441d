/** Survivors that change nothing a caller can see, each with the reason. */
export const explained = [
  {
    source: 'cache/lease.ts',
    code: 'return 1',
    original: '1',
    replacement: '0',
    reason: 'Any reply but 2 and a text says that the lease was taken.',
  },
  {
    source: 'invalidation/hold.ts',
    code: 'local now = time[1] * 1000 + math.floor(time[2] / 1000)',
    original: ' + ',
    replacement: ' - ',
    reason: 'A second at most, of holds that live for many; no test can wait for less.',
  },
  {
    source: 'invalidation/hold.ts',
    code: 'if owner ~= ARGV[1] and tonumber(expiry) > now then',
    original: '>',
    replacement: '>=',
    reason: 'Only in the millisecond in which a hold ends.',
  },
  {
    source: 'invalidation/release.ts',
    code: 'local now = time[1] * 1000 + math.floor(time[2] / 1000)',
    original: ' + ',
    replacement: ' - ',
    reason: 'A second at most, of holds that live for many; no test can wait for less.',
  },
  {
    source: 'invalidation/release.ts',
    code: 'elseif tonumber(expiry) > now then',
    original: '>',
    replacement: '>=',
    reason: 'Only in the millisecond in which a hold ends.',
  },
  {
    source: 'invalidation/release.ts',
    code: 'if (await areAbsent(redis, part)) continue',
    original: 'await areAbsent(redis, part)',
    replacement: 'false as boolean',
    reason: 'To release absent keys changes nothing; it is asked to save time.',
  },
  {
    source: 'invalidation/release.ts',
    code: 'if (!redis.isAvailable) return new Set()',
    original: '!redis.isAvailable',
    replacement: 'false as boolean',
    reason: 'It saves time: an open breaker refuses every further part.',
  },
  {
    source: 'invalidation/release.ts',
    code: 'const keys = [...new Set(holds.map(({ key }) => redis.keyPrefix + key))]',
    original: '+',
    replacement: '-',
    reason: 'The client takes no number, so nothing is found absent: see above, it saves time.',
  },
]
