import { expect, test } from 'vitest'
import { paintFor } from '../../src/terminal/paint.ts'
import { Progress } from '../../src/terminal/progress.ts'
import { Secrets } from '../../src/terminal/secrets.ts'
import { table } from '../../src/terminal/table.ts'
import type { Terminal } from '../../src/terminal/terminal.ts'
import { bytes, duration, oneLine } from '../../src/terminal/words.ts'

const plain = paintFor({ env: {} }, false)

test('Columns are as wide as they need, and numbers stand at the right', () => {
  const text = table(
    plain,
    ['sink', 'behind'],
    [
      ['webhook', 7],
      ['log', 1_200],
    ],
  )
  expect(text).toBe('sink     behind\nwebhook       7\nlog        1200')
})

test('Colours are for terminals, and end with NO_COLOR', () => {
  const colour = '\x1b[31mdown\x1b[39m'
  expect(paintFor({ env: {} }, true)('bad', 'down')).toBe(colour)
  expect(paintFor({ env: {} }, false)('bad', 'down')).toBe('down')
  expect(paintFor({ env: { NO_COLOR: '1' } }, true)('bad', 'down')).toBe('down')
  expect(paintFor({ env: { TERM: 'dumb' } }, true)('bad', 'down')).toBe('down')
  expect(paintFor({ env: { FORCE_COLOR: '1' } }, false)('bad', 'down')).toBe(colour)
})

test.each([
  [8, '8 ms'],
  [1_500, '1.5 s'],
  [42_000, '42 s'],
  [63_000, '1 min 3 s'],
  [7_200_000, '2 h'],
  [273_600_000, '3 d 4 h'],
])('%i ms are %s', (ms, text) => {
  expect(duration(ms)).toBe(text)
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_500, '1.5 kB'],
  [48_000_000, '48 MB'],
])('%i bytes are %s', (value, text) => {
  expect(bytes(value)).toBe(text)
})

test('A text of somebody else stays on its line, and does not steer the terminal', () => {
  expect(oneLine('Error: a\r\n\x1b[2Jb\x9b31mc\u2028d')).toBe('Error: a [2Jb 31mc d')
})

function progressOn(isErrTty: boolean) {
  let written = ''
  let nowMs = 0
  const terminal = {
    err: (text: string) => void (written += text),
    isErrTty,
    columns: 120,
    clock: { now: () => 0, monotonic: () => nowMs },
  } as unknown as Terminal
  const progress = new Progress(terminal, { verb: 'indexed', things: 'courses' })
  const update = (done: number, total?: number): void => {
    nowMs += 100
    progress.update(done, total)
  }
  return { progress, update, written: () => written }
}

test('Without a terminal progress is a line for every 10 %', () => {
  const { update, written } = progressOn(false)
  for (let done = 1; done <= 1_000; done += 1) update(done, 1_000)
  const lines = written().trim().split('\n')
  expect(lines).toHaveLength(10)
  expect(lines[4]).toBe('50 % indexed: 500 of 1,000 courses, 10/s, 50 s left')
  expect(lines[9]).toBe('100 % indexed: 1,000 of 1,000 courses, 10/s')
})

test('On a terminal progress is one bar that is written over, and removed at the end', () => {
  const { progress, update, written } = progressOn(true)
  update(250, 1_000)
  expect(written()).toBe(
    '\r██████░░░░░░░░░░░░░░░░░░ 25 % indexed: 250 of 1,000 courses, 2,500/s, 300 ms left\x1b[K',
  )
  update(1_000, 1_000)
  progress.end()
  expect(written()).not.toContain('\n')
  expect(written()).toMatch(/\r\x1b\[K$/)
})

test('Without a known end progress counts', () => {
  const { update, written } = progressOn(false)
  for (let done = 0; done <= 20_000; done += 1_000) update(done)
  expect(written().trim().split('\n')).toHaveLength(2)
})

test('Known secrets and passwords of URLs are removed from every text', () => {
  const secrets = new Secrets()
  secrets.learn({
    HEADWATER_REDIS_PASSWORD: 'hunter2!',
    HEADWATER_POSTGRES_URL: 'postgresql://app:p%40ssw0rd@host/shop',
    redis: { sentinelPassword: 'sesame-open', tls: { key: '-----BEGIN' } },
    pinecone: { apiKey: 'pc-123', index: 'courses' },
    postgres: { password: 'postgres' },
    migrate: { url: 'postgresql://host/shop?user=app&password=in%2Fquery&sslmode=require' },
  })
  const texts = ['hunter2!', 'p%40ssw0rd', 'p@ssw0rd', 'sesame-open', '-----BEGIN', 'pc-123']
  for (const text of [...texts, 'in%2Fquery', 'in/query'])
    expect(secrets.clean(`it was ${text}.`)).toBe('it was ***.')
  expect(secrets.clean('mongodb://other:unknown@a:1,b:2/shop')).toBe(
    'mongodb://other:***@a:1,b:2/shop',
  )
  expect(secrets.clean('at mongodb://a/shop?tlsCertificateKeyFilePassword=unknown&w=1')).toBe(
    'at mongodb://a/shop?tlsCertificateKeyFilePassword=***&w=1',
  )
  expect(secrets.clean('PostgreSQL said: courses, postgres')).toBe(
    'PostgreSQL said: courses, postgres',
  )
})
